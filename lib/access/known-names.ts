/** The names of mirrors and services, as far as the allow-list asks for them. */
import { MirrorgateError } from '../errors/mirrorgate-error.ts';

/** What to write in place of a name that is not known. */
export function knownNamesText(knownNames: Iterable<string>): string {
  const names = [...knownNames];
  return names.length === 0 ? 'none is configured yet' : `write one of ${names.join(', ')}`;
}

/** @throws MirrorgateError `MIRRORGATE_ACCESS_ARGUMENT` */
export function assertKnownName(name: string, knownNames: readonly string[]): void {
  if (knownNames.includes(name)) return;
  throw new MirrorgateError('MIRRORGATE_ACCESS_ARGUMENT', `"${name}" is no mirror or service`, {
    hint: knownNamesText(knownNames),
  });
}
