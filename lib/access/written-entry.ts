/** One entry of the allow-list as an operator writes it: an address or block alone, or a map. */
import { z } from 'zod';
import { describeIssue } from '../config/messages.ts';
import { findingsOf, type Finding } from '../config/yaml-file.ts';
import { cidrText, parseCidr } from '../net/cidr.ts';
import type { AllowEntry, CertificateEntry } from './allow-list.ts';
import { certificateNamePattern } from './certificate-name.ts';
import { tryInstant } from './expiry.ts';

/** An entry that has no place in a file yet. */
export type UnplacedEntry = Omit<AllowEntry, 'line'>;

export type EntryResult =
  | { readonly kind: 'entry'; readonly entry: UnplacedEntry }
  /** Paths count from the entry. */
  | { readonly kind: 'invalid'; readonly findings: readonly Finding[] };

const cidrMessage =
  'is not an IP address or CIDR block; write 203.0.113.0/24, or "2001:db8::/32" in quotes';

const cidr = z.string({ error: cidrMessage }).transform((text, context) => {
  const result = parseCidr(text);
  if (result.kind === 'cidr') return cidrText(result.cidr);
  // A semicolon in the text itself would be taken for the one that parts message and fix.
  const message = text.includes(';') ? cidrMessage : `${result.reason}; ${result.fix}`;
  context.addIssue({ code: 'custom', message, input: text });
  return z.NEVER;
});

const labelMessage = 'is not a label; write 1 to 64 printable characters, a number in quotes';

const label = z
  .string({ error: labelMessage })
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]{1,64}$/u, { error: labelMessage });

const mirrorsMessage =
  'is not a list of names; write [NAME, …], or leave "mirrors" out to permit all';

const mirrors = z
  .array(z.string({ error: 'is not a name; write the name of a mirror or service' }), {
    error: mirrorsMessage,
  })
  .min(1, { error: mirrorsMessage });

const expiryMessage = 'is not an instant; write 2026-12-31T18:00:00Z, or 2026-12-31 for its end';

const expires = z.string({ error: expiryMessage }).transform((text, context) => {
  const at = tryInstant(text);
  if (at !== undefined) return at;
  context.addIssue({ code: 'custom', message: expiryMessage, input: text });
  return z.NEVER;
});

const terms = { label: label.optional(), mirrors: mirrors.optional(), expires: expires.optional() };

const entryMap = z.strictObject({ cidr, ...terms });

const fileMessage = 'is not a path; write the name of a file with one CIDR block a line';

const rangesMap = z.strictObject({
  file: z.string({ error: fileMessage }).min(1, { error: fileMessage }),
  ...terms,
});

const nameMessage =
  'is no name of a client certificate; write one as of "mirrorgate ca issue-client"';

const certificateMap = z.strictObject({
  name: z.string({ error: nameMessage }).regex(certificateNamePattern, { error: nameMessage }),
  ...terms,
});

export type CertificateResult =
  | { readonly kind: 'entry'; readonly entry: Omit<CertificateEntry, 'line'> }
  | { readonly kind: 'invalid'; readonly findings: readonly Finding[] };

/** Reads one item of `certificates:`. Whether its mirrors exist is not asked here. */
export function parseCertificateEntry(written: unknown): CertificateResult {
  const isShort = typeof written === 'string';
  const parsed = certificateMap.safeParse(isShort ? { name: written } : written, {
    error: describeIssue,
  });
  if (!parsed.success) return invalidEntry(parsed.error, isShort);
  const { name, label, mirrors, expires } = parsed.data;
  return { kind: 'entry', entry: { name, label, mirrors, expires } };
}

/** What is wrong with a short form is wrong with all of it. */
function invalidEntry(
  error: z.ZodError,
  isShort: boolean,
): { readonly kind: 'invalid'; readonly findings: readonly Finding[] } {
  const findings = findingsOf(error);
  return {
    kind: 'invalid',
    findings: isShort ? findings.map((finding) => ({ ...finding, path: [] })) : findings,
  };
}

/** `{file: PATH, …}`: an entry for each block that the file lists. */
export type WrittenRanges = Omit<UnplacedEntry, 'cidr' | 'file'> & { readonly file: string };

export type RangesResult =
  | { readonly kind: 'ranges'; readonly ranges: WrittenRanges }
  | { readonly kind: 'invalid'; readonly findings: readonly Finding[] };

/** Whether an item of `allow:` is for {@link parseRangesEntry}. */
export function isRangesEntry(written: unknown): boolean {
  return hasKey(written, 'file') && !hasKey(written, 'cidr');
}

export function parseRangesEntry(written: unknown): RangesResult {
  const parsed = rangesMap.safeParse(written, { error: describeIssue });
  if (!parsed.success) return { kind: 'invalid', findings: findingsOf(parsed.error) };
  const { file, label, mirrors, expires } = parsed.data;
  return { kind: 'ranges', ranges: { file, label, mirrors, expires } };
}

/** Reads one item of `allow:` that names a block. Whether its mirrors exist is not asked here. */
export function parseEntry(written: unknown): EntryResult {
  const isShort = typeof written === 'string';
  if (!isShort && !hasKey(written, 'cidr')) {
    const fix = 'write {cidr: 203.0.113.7/32}; IPv6 that ends in a colon needs quotes';
    return { kind: 'invalid', findings: [{ path: [], message: 'is not an entry', fix }] };
  }
  const parsed = entryMap.safeParse(isShort ? { cidr: written } : written, {
    error: describeIssue,
  });
  if (!parsed.success) return invalidEntry(parsed.error, isShort);
  const { data } = parsed;
  return {
    kind: 'entry',
    entry: {
      cidr: data.cidr,
      label: data.label,
      mirrors: data.mirrors,
      expires: data.expires,
    },
  };
}

/** Two entries for one block that name the same mirrors say the same thing twice. */
export function scopeKey({ cidr, mirrors }: UnplacedEntry): string {
  const scope = mirrors === undefined ? '*' : [...new Set(mirrors)].sort().join(',');
  return `${cidr} ${scope}`;
}

function hasKey(written: unknown, key: string): boolean {
  return typeof written === 'object' && written !== null && key in written;
}
