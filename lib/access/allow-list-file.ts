/**
 * From the allow-list file to its data, or to every problem in it at once. Nothing here guesses:
 * whoever cannot read the list lets nobody in.
 */
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { describeIssue } from '../config/messages.ts';
import { ConfigurationError } from '../config/problems.ts';
import { findingsOf, YamlFile, type Finding } from '../config/yaml-file.ts';
import type { AllowEntry, AllowListData, CertificateEntry, DenyAction } from './allow-list.ts';
import { placedCertificates, type Scope } from './listed-certificates.ts';
import { knownNamesText } from './known-names.ts';
import { readRangeFile } from './range-file.ts';
import {
  isRangesEntry,
  parseEntry,
  parseRangesEntry,
  scopeKey,
  type WrittenRanges,
} from './written-entry.ts';

const allowListSchema = z.strictObject(
  {
    allow: z
      .array(z.unknown(), { error: 'is not a list; write one entry a line: - 203.0.113.7' })
      .nullish(),
    certificates: z
      .array(z.unknown(), { error: 'is not a list; write one name a line: - vm-1' })
      .nullish(),
    allowAll: z
      .boolean({ error: 'is neither true nor false; write true to let everyone in' })
      .default(false),
    deny: z
      .enum(['close', 'http'], {
        error: 'is no answer to denied peers; write close (before TLS) or http (403 after it)',
      })
      .default('close'),
  },
  { error: 'is not an allow-list; write "allow:" and one entry a line below it: - 203.0.113.7' },
);

const missingAllow: Finding = {
  path: [],
  message: 'has no "allow" key',
  fix: 'write "allow: []" to let nobody in, or one entry a line below "allow:"',
};

/** The blocks of every address of a family. */
const wholeInternet: readonly string[] = ['0.0.0.0/0', '::/0'];

/** A list as it is written: what its files of ranges hold is not in it yet. */
export interface WrittenList {
  readonly deny: DenyAction;
  /** By their index in `allow:`. */
  readonly items: ReadonlyMap<number, ListedItem>;
  readonly certificates: readonly CertificateEntry[];
  /** What `allowAll: true` stands for. */
  readonly everyone: readonly AllowEntry[];
}

export type ListedItem =
  | { readonly kind: 'entry'; readonly entry: AllowEntry }
  | { readonly kind: 'ranges'; readonly ranges: WrittenRanges };

export interface ReadOptions {
  /** Every mirror and service that an entry may name. */
  readonly knownNames: readonly string[];
  /** Told of every file of ranges before it is read: who watches it from then on misses nothing. */
  readonly onRangeFile?: (path: string) => void;
}

/** @throws ConfigurationError with every problem, also where a file is missing or empty */
export async function readAllowList(
  path: string,
  { knownNames, onRangeFile }: ReadOptions,
): Promise<AllowListData> {
  const file = await YamlFile.read(resolve(path));
  const { deny, items, certificates, everyone } = parseAllowList(file, knownNames);
  const entries: AllowEntry[] = [];
  for (const item of items.values()) {
    if (item.kind === 'entry') {
      entries.push(item.entry);
      continue;
    }
    const { file: named, ...terms } = item.ranges;
    const rangeFile = resolve(dirname(file.path), named);
    onRangeFile?.(rangeFile);
    for (const range of await readRangeFile(rangeFile)) {
      entries.push(Object.freeze({ ...terms, ...range, file: rangeFile }));
    }
  }
  return Object.freeze({ deny, entries: Object.freeze([...entries, ...everyone]), certificates });
}

/** @throws ConfigurationError with every problem of the list itself */
export function parseAllowList(file: YamlFile, knownNames: readonly string[]): WrittenList {
  const value = file.value() ?? {};
  const parsed = allowListSchema.safeParse(value, { error: describeIssue });
  const isOpen = valueAt(value, 'allowAll') === true;
  const isMissing = parsed.data?.allow === undefined && parsed.data?.allowAll === false;
  const placed = placedItems(file, value);
  const certificates = placedCertificates(file, valueAt(value, 'certificates'));
  const findings = [
    ...(parsed.success ? [] : findingsOf(parsed.error)),
    ...(isMissing ? [missingAllow] : []),
    ...placed.findings,
    ...contradictions(entriesOf(placed.items), isOpen),
    ...certificates.findings,
    ...unknownNames([...scopesOf(placed.items), ...certificates.scopes], new Set(knownNames)),
  ];
  if (!parsed.success || findings.length > 0) {
    const problems = findings.map((finding) => file.locate(finding));
    throw new ConfigurationError(problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)));
  }
  const isWhole = [...entriesOf(placed.items).values()].some(isWholeInternet);
  const everyone = isOpen && !isWhole ? everyoneAt(file) : [];
  const { entries } = certificates;
  return { deny: parsed.data.deny, items: placed.items, certificates: entries, everyone };
}

/** The items of `allow:` as they are written, in a file that may be wrong elsewhere. */
export function writtenEntries(value: unknown): readonly unknown[] {
  const written = valueAt(value, 'allow');
  return Array.isArray(written) ? written : [];
}

interface PlacedItems {
  readonly items: ReadonlyMap<number, ListedItem>;
  readonly findings: readonly Finding[];
}

function placedItems(file: YamlFile, value: unknown): PlacedItems {
  const items = new Map<number, ListedItem>();
  const findings: Finding[] = [];
  for (const [index, written] of writtenEntries(value).entries()) {
    const path = ['allow', index];
    const result = isRangesEntry(written) ? parseRangesEntry(written) : parseEntry(written);
    if (result.kind === 'ranges') {
      items.set(index, result);
    } else if (result.kind === 'entry') {
      const entry = Object.freeze({ ...result.entry, line: file.lineOf(path) });
      items.set(index, { kind: 'entry', entry });
    } else {
      for (const found of result.findings) {
        findings.push({ ...found, path: [...path, ...found.path] });
      }
    }
  }
  return { items, findings };
}

function entriesOf(items: ReadonlyMap<number, ListedItem>): Map<number, AllowEntry> {
  const entries = new Map<number, AllowEntry>();
  for (const [index, item] of items) if (item.kind === 'entry') entries.set(index, item.entry);
  return entries;
}

/** What each entry alone cannot know. */
function contradictions(entries: ReadonlyMap<number, AllowEntry>, isOpen: boolean): Finding[] {
  const findings: Finding[] = [];
  const lines = new Map<string, number>();
  for (const [index, entry] of entries) {
    const path = ['allow', index];
    const key = scopeKey(entry);
    const twin = lines.get(key);
    if (twin === undefined) {
      lines.set(key, entry.line);
    } else {
      const message = `${entry.cidr} stands on line ${twin} too, for the same mirrors`;
      findings.push({ path, message, fix: 'remove one of the two' });
    }
    if (isWholeInternet(entry) && !isOpen) {
      const message = `${entry.cidr} lets the whole internet in`;
      const fix = 'name the addresses, or confirm it by "allowAll: true" at the top of the file';
      findings.push({ path, message, fix });
    }
  }
  return findings;
}

function scopesOf(items: ReadonlyMap<number, ListedItem>): Scope[] {
  return [...items].map(([index, item]) => {
    const { mirrors } = item.kind === 'entry' ? item.entry : item.ranges;
    return { path: ['allow', index], mirrors };
  });
}

function unknownNames(scopes: readonly Scope[], knownNames: ReadonlySet<string>): Finding[] {
  return scopes.flatMap(({ path, mirrors = [] }) =>
    [...mirrors.entries()]
      .filter(([, name]) => !knownNames.has(name))
      .map(([position, name]) => ({
        path: [...path, 'mirrors', position],
        message: `"${name}" is no mirror or service`,
        fix: knownNamesText(knownNames),
      })),
  );
}

function isWholeInternet({ cidr }: AllowEntry): boolean {
  return wholeInternet.includes(cidr);
}

/** `allowAll: true` as the entries that it stands for. */
function everyoneAt(file: YamlFile): AllowEntry[] {
  const line = file.lineOf(['allowAll']);
  return wholeInternet.map((cidr) =>
    Object.freeze({ cidr, label: 'allowAll', mirrors: undefined, expires: undefined, line }),
  );
}

function valueAt(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([name]) => name === key)?.[1];
}
