/** Allow-lists for tests, written short. */
import { buildAllowList, type AllowEntry, type AllowList } from '../../../lib/access/allow-list.ts';
import type { DenyAction } from '../../../lib/access/allow-list.ts';

export function allowed(cidr: string, rest: Partial<AllowEntry> = {}): AllowEntry {
  return { cidr, label: undefined, mirrors: undefined, expires: undefined, line: 1, ...rest };
}

export function listOf(entries: readonly AllowEntry[], deny: DenyAction = 'close'): AllowList {
  return buildAllowList({ deny, entries });
}
