/**
 * What is left of a faulty configuration once its faulty parts are taken out, so that the other
 * parts can be held against each other all the same: every problem is told at once.
 */
import type { Finding, KeyPath } from './yaml-file.ts';

export interface SoundParts {
  /** The written value without every top-level key, and every item of a list, that has a fault. */
  readonly value: unknown;
  /** Top-level keys of which something was taken out. What is missing there is no problem. */
  readonly incomplete: ReadonlySet<string>;
  /** The place in the file of a place in `value`. */
  readonly original: (path: KeyPath) => KeyPath;
}

/** Lists whose items stand for themselves: one that is wrong says nothing of the next. */
const lists: readonly string[] = ['mirrors', 'services'];

/** Undefined where the whole is no mapping. */
export function soundParts(written: unknown, findings: readonly Finding[]): SoundParts | undefined {
  if (typeof written !== 'object' || written === null || Array.isArray(written)) return undefined;
  const faulty = findings.map(({ path }) => path);
  const kept = new Map<string, readonly number[]>();
  const entries = Object.entries(written).flatMap(([key, part]: [string, unknown]) => {
    const faults = faulty.filter(([name]) => name === key);
    if (faults.length === 0) return [[key, part]];
    const items = new Set(faults.map(([, item]) => item));
    const isList = lists.includes(key) && Array.isArray(part) && !items.has(undefined);
    if (!isList) return [];
    const sound = (part as unknown[]).flatMap((_item, index) => (items.has(index) ? [] : [index]));
    kept.set(key, sound);
    return [[key, sound.map((index) => (part as unknown[])[index])]];
  });
  return {
    value: Object.fromEntries(entries) as unknown,
    incomplete: new Set(faulty.map(([key]) => String(key))),
    original: (path) => {
      const [key, index, ...rest] = path;
      const items = kept.get(String(key));
      return items === undefined ? path : [String(key), items[Number(index)] ?? 0, ...rest];
    },
  };
}
