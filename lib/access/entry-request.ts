/** What the command line asks of the allow-list, read as strictly as the file itself. */
import { keyText } from '../config/yaml-file.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { parseCidr, type Cidr } from '../net/cidr.ts';
import { instantText, tryExpiry } from './expiry.ts';
import { assertKnownName } from './known-names.ts';
import { parseEntry, type UnplacedEntry } from './written-entry.ts';

/** An entry as the command line gives it. */
export interface EntryRequest {
  readonly cidr: string;
  readonly label?: string | undefined;
  /** Empty or undefined permits all. */
  readonly mirrors?: readonly string[] | undefined;
  /** An instant, a date (through its end, UTC) or a duration from now. */
  readonly expires?: string | undefined;
}

/** @throws MirrorgateError `MIRRORGATE_ACCESS_ARGUMENT` */
export function parseRequest(
  request: EntryRequest,
  { knownNames, now }: { readonly knownNames: readonly string[]; readonly now: Date },
): UnplacedEntry {
  const { cidr, label, mirrors = [], expires } = request;
  for (const name of mirrors) assertKnownName(name, knownNames);
  const until = expires === undefined ? undefined : instantText(parseExpiry(expires, now));
  const written = {
    cidr,
    label,
    mirrors: mirrors.length === 0 ? undefined : mirrors,
    expires: until,
  };
  const result = parseEntry(written);
  if (result.kind === 'entry') return result.entry;
  const [finding] = result.findings;
  throw argumentError(`${keyText(finding?.path ?? [])}: ${finding?.message ?? ''}`, finding?.fix);
}

/** @throws MirrorgateError `MIRRORGATE_ACCESS_ARGUMENT` */
export function parseBlock(text: string): Cidr {
  const result = parseCidr(text);
  if (result.kind === 'cidr') return result.cidr;
  throw argumentError(result.reason, result.fix);
}

function parseExpiry(text: string, now: Date): Date {
  const expires = tryExpiry(text, now);
  if (expires === undefined) {
    const hint = 'write 2026-12-31T18:00:00Z, 2026-12-31 for the end of that day, or 12h, 7d';
    throw argumentError(`"${text}" is neither an instant nor a date nor a duration`, hint);
  }
  if (expires.getTime() > now.getTime()) return expires;
  throw argumentError(`"${text}" is past: the entry would admit nobody`, 'give a later expiry');
}

function argumentError(message: string, hint: string | undefined): MirrorgateError {
  const details = hint === undefined ? {} : { hint };
  return new MirrorgateError('MIRRORGATE_ACCESS_ARGUMENT', message, details);
}
