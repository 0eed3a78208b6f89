/** Allow-lists for tests, written short. */
import { buildAllowList, type AllowEntry, type AllowList } from '../../../lib/access/allow-list.ts';
import { parseAllowList } from '../../../lib/access/allow-list-file.ts';
import { YamlFile } from '../../../lib/config/yaml-file.ts';
import type {
  AllowListData,
  CertificateEntry,
  DenyAction,
} from '../../../lib/access/allow-list.ts';

export function allowed(cidr: string, rest: Partial<AllowEntry> = {}): AllowEntry {
  return { cidr, label: undefined, mirrors: undefined, expires: undefined, line: 1, ...rest };
}

export function listOf(entries: readonly AllowEntry[], deny: DenyAction = 'close'): AllowList {
  return buildAllowList({ deny, entries, certificates: [] });
}

/** With certificates beside the addresses. */
export function listWithCertificates(
  certificates: readonly (Partial<CertificateEntry> & { readonly name: string })[],
  entries: readonly AllowEntry[] = [],
  deny: DenyAction = 'close',
): AllowList {
  const terms = { label: undefined, mirrors: undefined, expires: undefined, line: 1 };
  const whole = certificates.map((certificate) => ({ ...terms, ...certificate }));
  return buildAllowList({ deny, entries, certificates: whole });
}

/** What a list without files of ranges says. */
export function parsedList(text: string, knownNames: readonly string[]): AllowListData {
  const file = new YamlFile('allow-list.yaml', text);
  const { deny, items, certificates, everyone } = parseAllowList(file, knownNames);
  const entries = [...items.values()].flatMap((item) => (item.kind === 'entry' ? item.entry : []));
  return { deny, entries: [...entries, ...everyone], certificates };
}
