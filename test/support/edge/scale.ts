/** How much the adversarial suites do: `MIRRORGATE_TEST_SCALE=10` makes them ten times as long. */
const scale = Number(process.env['MIRRORGATE_TEST_SCALE'] ?? '1');

/** `count` of the normal suite, at the scale asked for. */
export function scaled(count: number): number {
  if (!(scale > 0)) throw new TypeError('MIRRORGATE_TEST_SCALE must be a positive number');
  return Math.ceil(count * scale);
}
