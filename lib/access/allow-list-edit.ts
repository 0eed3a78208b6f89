/**
 * Adds and removes entries of the allow-list file in place, for the command line. An edit keeps
 * every comment, and never makes the file invalid: the result is read before it is written.
 */
import { resolve } from 'node:path';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { cidrText, type Cidr } from '../net/cidr.ts';
import { readAllowList } from './allow-list-file.ts';
import { buildAllowList, isExpired, nobody, type AllowEntry } from './allow-list.ts';
import {
  acceptAfter,
  parseBefore,
  type AllowListPlace,
  type IndexedEntry,
  type TextBefore,
} from './edited-text.ts';
import { parseBlock, parseRequest, type EntryRequest } from './entry-request.ts';
import { keysOf, type EntryKeys } from './entry-text.ts';
import { editExclusively, type Change } from './exclusive-edit.ts';
import { instantText } from './expiry.ts';
import { tryAppendEntry, tryChangeEntry, tryRemoveEntry } from './list-edit.ts';
import { scopeKey, type UnplacedEntry } from './written-entry.ts';

export interface AddOutcome {
  readonly kind: 'added' | 'updated' | 'unchanged';
  /** As it stands in the file now. */
  readonly entry: AllowEntry;
}

/**
 * Adds an entry. Where the file has one for the same block and the same mirrors, that one takes
 * the label and expiry of the request, and keeps what the request leaves out.
 * @throws MirrorgateError `MIRRORGATE_ACCESS_ARGUMENT` for a wrong request,
 *   `MIRRORGATE_ACCESS_EXPIRED` where the entry that is there has run out and no new expiry is
 *   given, `MIRRORGATE_ACCESS_EDIT` where the file is written in a way that cannot be edited,
 *   `MIRRORGATE_ACCESS_BUSY` and `MIRRORGATE_ACCESS_WRITE` as {@link editExclusively}
 * @throws ConfigurationError where the file is invalid, or would become so
 */
export async function addEntry(
  place: AllowListPlace & { readonly now: Date },
  request: EntryRequest,
): Promise<AddOutcome> {
  const { now } = place;
  const wanted = parseRequest(request, place);
  return editExclusively({ path: resolve(place.path) }, (text): Change<AddOutcome> => {
    const before = parseBefore(place, text);
    const present = before.entries.find(({ entry }) => scopeKey(entry) === scopeKey(wanted));
    return present === undefined
      ? append(before, wanted)
      : update(before, { present, wanted, now });
  });
}

/**
 * Removes every entry of exactly this block, whatever its mirrors.
 * @returns what was removed, with the lines where it stood
 * @throws MirrorgateError `MIRRORGATE_ACCESS_NOT_LISTED` where there is none, and as
 *   {@link addEntry}
 * @throws ConfigurationError where the file is invalid without the entry too
 */
export async function removeEntry(
  place: AllowListPlace,
  cidr: string,
): Promise<readonly AllowEntry[]> {
  const block = parseBlock(cidr);
  const edit = (text: string): Change<readonly AllowEntry[]> => {
    const before = parseBefore(place, text);
    const removed = before.entries.filter(({ entry }) => entry.cidr === cidrText(block));
    if (removed.length === 0) throw notListed(before, block);
    const indexes = removed.map(({ index }) => index);
    const edited = indexes.reduceRight<string | undefined>(
      (rest, index) => (rest === undefined ? undefined : tryRemoveEntry(rest, index)),
      text,
    );
    const items = before.written.filter((_, index) => !indexes.includes(index));
    const after = acceptAfter(before, { text: edited, items });
    return { text: after.text, outcome: removed.map(({ entry }) => entry) };
  };
  try {
    return await editExclusively({ path: resolve(place.path) }, edit);
  } catch (error) {
    throw (await tryRangeFileError(error, place, block)) ?? error;
  }
}

/** Where the entry that is not in the list itself is in one of its files of ranges. */
async function tryRangeFileError(
  error: unknown,
  place: AllowListPlace,
  block: Cidr,
): Promise<MirrorgateError | undefined> {
  if (!(error instanceof MirrorgateError) || error.code !== 'MIRRORGATE_ACCESS_NOT_LISTED') {
    return undefined;
  }
  // Of a list that cannot be read as a whole nothing is known but what was found wrong above.
  const list = await readAllowList(place.path, place).catch(() => undefined);
  const found = list?.entries.find(
    ({ cidr, file }) => file !== undefined && cidr === cidrText(block),
  );
  if (found?.file === undefined) return undefined;
  return new MirrorgateError('MIRRORGATE_ACCESS_NOT_LISTED', error.message, {
    hint: `it comes from ${found.file}, line ${found.line}: take it out there`,
  });
}

function append(before: TextBefore, wanted: UnplacedEntry): Change<AddOutcome> {
  const keys = keysOf(wanted);
  const items = [...before.written, keys];
  const after = acceptAfter(before, { text: tryAppendEntry(before.text, keys), items });
  return { text: after.text, outcome: { kind: 'added', entry: after.entryAt(items.length - 1) } };
}

interface Update {
  readonly present: IndexedEntry;
  readonly wanted: UnplacedEntry;
  readonly now: Date;
}

function update(before: TextBefore, { present, wanted, now }: Update): Change<AddOutcome> {
  const { index, entry: old } = present;
  if (isExpired(old, now) && wanted.expires === undefined) throw expired(old);
  const merged = {
    ...old,
    label: wanted.label ?? old.label,
    expires: wanted.expires ?? old.expires,
  };
  const entry = keysOf(merged);
  const changed = differences(keysOf(old), entry);
  const isSame = Object.keys(changed).length === 0;
  const item = before.written[index];
  const newItem = typeof item === 'object' ? { ...item, ...changed } : entry;
  const after = acceptAfter(before, {
    text: isSame ? before.text : tryChangeEntry(before.text, { index, entry, changed }),
    items: isSame ? before.written : before.written.with(index, newItem),
  });
  const kind = isSame ? 'unchanged' : 'updated';
  return { text: after.text, outcome: { kind, entry: after.entryAt(index) } };
}

function differences(old: EntryKeys, { label, expires }: EntryKeys): EntryKeys {
  return {
    ...(label === old.label ? {} : { label }),
    ...(expires === old.expires ? {} : { expires }),
  };
}

function expired({ cidr, line, expires }: AllowEntry): MirrorgateError {
  const at = expires === undefined ? '' : ` at ${instantText(expires)}`;
  const message = `the entry for ${cidr} on line ${line} ran out${at}`;
  return new MirrorgateError('MIRRORGATE_ACCESS_EXPIRED', message, {
    hint: 'say until when it counts again (--expires 7d), or remove it first',
  });
}

function notListed({ place, entries }: TextBefore, block: Cidr): MirrorgateError {
  const list = buildAllowList({ ...nobody, entries: entries.map(({ entry }) => entry) });
  const [nearest] = list.around(block.network);
  const message = `${place.path} has no entry for ${cidrText(block)}`;
  return new MirrorgateError('MIRRORGATE_ACCESS_NOT_LISTED', message, {
    hint:
      nearest === undefined
        ? 'name a block as "mirrorgate allow list" shows it'
        : `${nearest.cidr} on line ${nearest.line} overlaps it: remove that one, if it is meant`,
  });
}
