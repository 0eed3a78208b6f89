/** Sums of clients as sums of the entries that let them in. */
import { parseCidr } from '../net/cidr.ts';
import type { AllowList, EntryTerms } from './allow-list.ts';
import { tryCertificateName } from './certificate-name.ts';

/**
 * `byClient` has addresses, blocks and certificates as keys; each counts for the narrowest entry
 * around it, or the one that names it.
 */
export function sumByEntry(
  list: AllowList,
  byClient: Readonly<Record<string, number>>,
): Map<EntryTerms, number> {
  const sums = new Map<EntryTerms, number>();
  for (const [client, sum] of Object.entries(byClient)) {
    const entry = entryOf(list, client);
    if (entry !== undefined) sums.set(entry, (sums.get(entry) ?? 0) + sum);
  }
  return sums;
}

function entryOf(list: AllowList, client: string): EntryTerms | undefined {
  const name = tryCertificateName(client);
  if (name !== undefined) return list.certificates.find((entry) => entry.name === name);
  const block = parseCidr(client);
  return block.kind === 'cidr' ? list.around(block.cidr.network)[0] : undefined;
}
