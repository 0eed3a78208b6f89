/** Ends every switch over a discriminated union: a case that was forgotten fails to compile. */
export function assertNever(value: never): never {
  throw new TypeError(`unhandled case ${JSON.stringify(value)}`);
}
