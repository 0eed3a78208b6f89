/** Sums of clients as sums of the entries that let them in. */
import { parseCidr } from '../net/cidr.ts';
import type { AllowEntry, AllowList } from './allow-list.ts';

/** `byClient` has addresses and blocks as keys; each counts for the narrowest entry around it. */
export function sumByEntry(
  list: AllowList,
  byClient: Readonly<Record<string, number>>,
): Map<AllowEntry, number> {
  const sums = new Map<AllowEntry, number>();
  for (const [client, sum] of Object.entries(byClient)) {
    const block = parseCidr(client);
    const [entry] = block.kind === 'cidr' ? list.around(block.cidr.network) : [];
    if (entry !== undefined) sums.set(entry, (sums.get(entry) ?? 0) + sum);
  }
  return sums;
}
