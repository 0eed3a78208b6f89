/**
 * The text of an allow-list file before and after an edit. It may be wrong before, in places that
 * the edit does not touch or mends; after it, it is valid and says exactly what was meant.
 */
import { isDeepStrictEqual } from 'node:util';
import { ConfigurationError } from '../config/problems.ts';
import { YamlFile } from '../config/yaml-file.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { parseAllowList, writtenEntries } from './allow-list-file.ts';
import type { AllowEntry } from './allow-list.ts';
import { parseEntry } from './written-entry.ts';

/** Which file is edited, and what its entries may name. */
export interface AllowListPlace {
  readonly path: string;
  readonly knownNames: readonly string[];
}

export interface TextBefore {
  readonly place: AllowListPlace;
  readonly text: string;
  readonly value: object;
  /** The items of `allow:` as they are written. */
  readonly written: readonly unknown[];
  /** Those that are right, with their index among all. */
  readonly entries: readonly IndexedEntry[];
}

export interface IndexedEntry {
  readonly index: number;
  readonly entry: AllowEntry;
}

/** @throws ConfigurationError where the text is not YAML */
export function parseBefore(place: AllowListPlace, text: string): TextBefore {
  const file = new YamlFile(place.path, text);
  const value = file.value() ?? {};
  if (typeof value !== 'object') throw notEditable(place.path);
  const written = writtenEntries(value);
  const entries = written.flatMap((item, index) => {
    const result = parseEntry(item);
    if (result.kind === 'invalid') return [];
    return [{ index, entry: { ...result.entry, line: file.lineOf(['allow', index]) } }];
  });
  return { place, text, value, written, entries };
}

export interface TextAfter {
  readonly text: string;
  /** The entry that the item at `index` became. */
  entryAt(index: number): AllowEntry;
}

/**
 * Checks an edited text against the items that `allow:` was meant to have.
 * @param text undefined where the edit gave up
 * @throws MirrorgateError `MIRRORGATE_ACCESS_EDIT` where it says anything else
 * @throws ConfigurationError where it says what was meant, but that is no valid allow-list
 */
export function acceptAfter(
  { place, value }: TextBefore,
  { text, items }: { readonly text: string | undefined; readonly items: readonly unknown[] },
): TextAfter {
  if (text === undefined) throw notEditable(place.path);
  const file = reread(place.path, text);
  if (!isDeepStrictEqual(file.value(), { ...value, allow: items })) throw notEditable(place.path);
  const after = parseAllowList(file, place.knownNames);
  return {
    text,
    entryAt(index) {
      const item = after.items.get(index);
      if (item?.kind !== 'entry') throw notEditable(place.path);
      return item.entry;
    },
  };
}

function reread(path: string, text: string): YamlFile {
  try {
    return new YamlFile(path, text);
  } catch (cause) {
    throw cause instanceof ConfigurationError ? notEditable(path, cause) : cause;
  }
}

function notEditable(path: string, cause?: unknown): MirrorgateError {
  const message = `${path} is written in a way that cannot be edited without loss`;
  return new MirrorgateError('MIRRORGATE_ACCESS_EDIT', message, {
    cause,
    hint: 'edit it by hand, one entry a line below "allow:", and run "mirrorgate check"',
  });
}
