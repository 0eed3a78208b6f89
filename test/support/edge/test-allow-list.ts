/** Allow-lists for tests, written short. */
import { buildAllowList, type AllowEntry, type AllowList } from '../../../lib/access/allow-list.ts';
import { parseAllowList } from '../../../lib/access/allow-list-file.ts';
import { YamlFile } from '../../../lib/config/yaml-file.ts';
import type { AllowListData, DenyAction } from '../../../lib/access/allow-list.ts';

export function allowed(cidr: string, rest: Partial<AllowEntry> = {}): AllowEntry {
  return { cidr, label: undefined, mirrors: undefined, expires: undefined, line: 1, ...rest };
}

export function listOf(entries: readonly AllowEntry[], deny: DenyAction = 'close'): AllowList {
  return buildAllowList({ deny, entries });
}

/** What a list without files of ranges says. */
export function parsedList(text: string, knownNames: readonly string[]): AllowListData {
  const file = new YamlFile('allow-list.yaml', text);
  const { deny, items, everyone } = parseAllowList(file, knownNames);
  const entries = [...items.values()].flatMap((item) => (item.kind === 'entry' ? item.entry : []));
  return { deny, entries: [...entries, ...everyone] };
}
