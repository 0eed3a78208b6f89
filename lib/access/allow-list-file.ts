/**
 * From the allow-list file to its data, or to every problem in it at once. Nothing here guesses:
 * whoever cannot read the list lets nobody in.
 */
import { resolve } from 'node:path';
import { z } from 'zod';
import { describeIssue } from '../config/messages.ts';
import { ConfigurationError } from '../config/problems.ts';
import { findingsOf, YamlFile, type Finding, type KeyPath } from '../config/yaml-file.ts';
import type { AllowEntry, AllowListData } from './allow-list.ts';
import { knownNamesText } from './known-names.ts';
import { parseEntry, scopeKey } from './written-entry.ts';

const allowListSchema = z.strictObject(
  {
    allow: z
      .array(z.unknown(), { error: 'is not a list; write one entry a line: - 203.0.113.7' })
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

/**
 * @param knownNames every mirror and service that an entry may name
 * @throws ConfigurationError with every problem, also where the file is missing or empty
 */
export async function readAllowList(
  path: string,
  knownNames: readonly string[],
): Promise<AllowListData> {
  return parseAllowList(await YamlFile.read(resolve(path)), knownNames);
}

/** As {@link readAllowList}, of a file whose text was read before. */
export function parseAllowList(file: YamlFile, knownNames: readonly string[]): AllowListData {
  const value = file.value() ?? {};
  const parsed = allowListSchema.safeParse(value, { error: describeIssue });
  const isOpen = valueAt(value, 'allowAll') === true;
  const isMissing = parsed.data?.allow === undefined && parsed.data?.allowAll === false;
  const placed = placedEntries(file, value);
  const findings = [
    ...(parsed.success ? [] : findingsOf(parsed.error)),
    ...(isMissing ? [missingAllow] : []),
    ...placed.findings,
    ...contradictions(placed.entries, { knownNames: new Set(knownNames), isOpen }),
  ];
  if (!parsed.success || findings.length > 0) {
    const problems = findings.map((finding) => file.locate(finding));
    throw new ConfigurationError(problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)));
  }
  const listed = [...placed.entries.values()];
  const everyone = isOpen && !listed.some(isWholeInternet) ? everyoneAt(file) : [];
  return Object.freeze({
    deny: parsed.data.deny,
    entries: Object.freeze([...listed, ...everyone]),
  });
}

/** The items of `allow:` as they are written, in a file that may be wrong elsewhere. */
export function writtenEntries(value: unknown): readonly unknown[] {
  const written = valueAt(value, 'allow');
  return Array.isArray(written) ? written : [];
}

/** The line of the value at `path`, from 1. */
export function lineOf(file: YamlFile, path: KeyPath): number {
  return file.locate({ path, message: '' }).line ?? 1;
}

interface PlacedEntries {
  /** By their index in the file. */
  readonly entries: ReadonlyMap<number, AllowEntry>;
  readonly findings: readonly Finding[];
}

function placedEntries(file: YamlFile, value: unknown): PlacedEntries {
  const entries = new Map<number, AllowEntry>();
  const findings: Finding[] = [];
  for (const [index, written] of writtenEntries(value).entries()) {
    const path = ['allow', index];
    const result = parseEntry(written);
    if (result.kind === 'entry') {
      entries.set(index, Object.freeze({ ...result.entry, line: lineOf(file, path) }));
    } else {
      for (const found of result.findings) {
        findings.push({ ...found, path: [...path, ...found.path] });
      }
    }
  }
  return { entries, findings };
}

interface Surroundings {
  readonly knownNames: ReadonlySet<string>;
  /** Whether `allowAll: true` stands in the file. */
  readonly isOpen: boolean;
}

/** What each entry alone cannot know. */
function contradictions(
  entries: ReadonlyMap<number, AllowEntry>,
  { knownNames, isOpen }: Surroundings,
): Finding[] {
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
    for (const [position, name] of (entry.mirrors ?? []).entries()) {
      if (knownNames.has(name)) continue;
      findings.push({
        path: [...path, 'mirrors', position],
        message: `"${name}" is no mirror or service`,
        fix: knownNamesText(knownNames),
      });
    }
  }
  return findings;
}

function isWholeInternet({ cidr }: AllowEntry): boolean {
  return wholeInternet.includes(cidr);
}

/** `allowAll: true` as the entries that it stands for. */
function everyoneAt(file: YamlFile): AllowEntry[] {
  const line = lineOf(file, ['allowAll']);
  return wholeInternet.map((cidr) =>
    Object.freeze({ cidr, label: 'allowAll', mirrors: undefined, expires: undefined, line }),
  );
}

function valueAt(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([name]) => name === key)?.[1];
}
