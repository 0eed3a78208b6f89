/**
 * Puts entries into the text of an allow-list, takes them out, changes them, and leaves every
 * other byte as the operator wrote it. Of a way of writing that it does not know it makes nothing
 * (undefined) or something else than was meant: the caller compares the meaning.
 */
import type { CST } from 'yaml';
import { entryText, pairText, type EntryKeys } from './entry-text.ts';
import {
  colonEnd,
  contentEnd,
  isListToken,
  isMapToken,
  itemTokens,
  pairToken,
  rootToken,
  type ItemToken,
  type ListToken,
} from './list-tokens.ts';
import { applySplices, linesBelow, lineStart, nextLine, type Splice } from './splice.ts';

/** The text with `entry` behind the last one. */
export function tryAppendEntry(text: string, entry: EntryKeys): string | undefined {
  const root = rootToken(text);
  if (root === undefined) return withNewList(text, entry);
  const place = tryPlace(root);
  if (place === undefined) {
    return root.type === 'block-map' ? withNewList(text, entry) : undefined;
  }
  const written = entryText(entry, place.isJson);
  const { value } = place;
  const last = isListToken(value) ? itemTokens(value).at(-1) : undefined;
  if (!isListToken(value) || last === undefined) return tryFirstItem(text, place, written);
  const splices =
    value.type === 'block-seq'
      ? [linesBelow(text, last.end, [`${indentAt(text, last.start)}- ${written}`])]
      : behindInBrackets(text, { list: value, last, written });
  return applySplices(text, splices);
}

/** The text without the item at `index`, and without its own trailing comment. */
export function tryRemoveEntry(text: string, index: number): string | undefined {
  const place = tryPlace(rootToken(text));
  if (!isListToken(place?.value)) return undefined;
  const items = itemTokens(place.value);
  const item = items[index];
  if (item === undefined) return undefined;
  if (place.value.type === 'flow-collection') return applySplices(text, outOfBrackets(text, item));
  const lines = { start: lineStart(text, item.start), end: nextLine(text, item.end), text: '' };
  const empty = { start: place.colonEnd, end: place.colonEnd, text: ' []' };
  return applySplices(text, items.length === 1 ? [lines, empty] : [lines]);
}

export interface EntryChange {
  readonly index: number;
  /** Label and expiry, where they are to be others. */
  readonly changed: Pick<EntryKeys, 'label' | 'expires'>;
  /** The whole entry, for one that had been an address alone. */
  readonly entry: EntryKeys;
}

/** The text with one entry changed. */
export function tryChangeEntry(
  text: string,
  { index, changed, entry }: EntryChange,
): string | undefined {
  const place = tryPlace(rootToken(text));
  if (!isListToken(place?.value)) return undefined;
  const value = itemTokens(place.value)[index]?.value;
  if (value === undefined) return undefined;
  const { isJson } = place;
  if (!isMapToken(value)) {
    const whole = { start: value.offset, end: contentEnd(value), text: entryText(entry, isJson) };
    return applySplices(text, [whole]);
  }
  const cidr = pairToken(value, 'cidr');
  if (cidr?.value === undefined) return undefined;
  const splices: Splice[] = [];
  const added: string[] = [];
  for (const name of ['label', 'expires'] as const) {
    if (changed[name] === undefined) continue;
    const pair = pairText({ [name]: changed[name] }, isJson);
    const old = pairToken(value, name)?.value;
    if (old === undefined) added.push(pair);
    else {
      const changedText = pair.slice(pair.indexOf(': ') + 2);
      splices.push({ start: old.offset, end: contentEnd(old), text: changedText });
    }
  }
  const end = contentEnd(cidr.value);
  if (added.length > 0 && value.type === 'block-map') {
    const indent = indentAt(text, cidr.key?.offset ?? value.offset);
    const lines = added.map((pair) => indent + pair);
    splices.push(linesBelow(text, end, lines));
  } else if (added.length > 0) {
    splices.push({ start: end, end, text: added.map((pair) => `, ${pair}`).join('') });
  }
  return applySplices(text, splices);
}

/** Where `allow:` stands, and what for. */
interface Place {
  /** Whether the file as a whole stands in braces, as JSON does. */
  readonly isJson: boolean;
  readonly keyStart: number;
  readonly colonEnd: number;
  readonly value: CST.Token | undefined;
}

function tryPlace(root: CST.Token | undefined): Place | undefined {
  const pair = isMapToken(root) ? pairToken(root, 'allow') : undefined;
  const colon = pair === undefined ? undefined : colonEnd(pair);
  if (!pair?.key || colon === undefined) return undefined;
  return {
    isJson: root?.type === 'flow-collection',
    keyStart: pair.key.offset,
    colonEnd: colon,
    value: pair.value,
  };
}

function withNewList(text: string, entry: EntryKeys): string {
  const lines = ['allow:', `  - ${entryText(entry, false)}`];
  return applySplices(text, [linesBelow(text, text.length, lines)]);
}

/** In place of nothing, `null` or empty brackets. */
function tryFirstItem(text: string, place: Place, written: string): string | undefined {
  const { value } = place;
  const valueStart = value?.offset ?? place.colonEnd;
  const end = value === undefined ? valueStart : contentEnd(value);
  const old = text.slice(valueStart, end);
  if (isListToken(value) && old.slice(1, -1).trim() !== '') {
    const inside = value.offset + 1;
    return applySplices(text, [{ start: inside, end: inside, text: written }]);
  }
  if (!isListToken(value) && !/^(?:~|null|Null|NULL)?$/.test(old)) return undefined;
  if (place.isJson) {
    return applySplices(text, [{ start: valueStart, end, text: `[${written}]` }]);
  }
  const start = text.slice(0, valueStart).trimEnd().length;
  const item = linesBelow(text, end, [`${indentAt(text, place.keyStart)}  - ${written}`]);
  return applySplices(text, [{ start, end, text: '' }, item]);
}

/** On a line of its own where the last item has one, and with a last comma where that has one. */
function behindInBrackets(
  text: string,
  { list, last, written }: { list: ListToken; last: ItemToken; written: string },
): Splice[] {
  const { commaAfter } = last;
  const behind = commaAfter === undefined ? last.end : commaAfter + 1;
  const lastComma = commaAfter === undefined ? '' : ',';
  const newComma = commaAfter === undefined ? ',' : '';
  const bracket = contentEnd(list) - 1;
  if (isBlank(text, lineStart(text, last.start), last.start) && bracket >= nextLine(text, behind)) {
    return [
      { start: last.end, end: last.end, text: newComma },
      linesBelow(text, behind, [`${indentAt(text, last.start)}${written}${lastComma}`]),
    ];
  }
  return [{ start: behind, end: behind, text: `${newComma} ${written}${lastComma}` }];
}

/** The item and one comma; its whole line, own comment included, where it stands there alone. */
function outOfBrackets(text: string, item: ItemToken): Splice[] {
  const { commaBefore, commaAfter } = item;
  let { start, end } = item;
  const splices: Splice[] = [];
  const comma = commaAfter ?? commaBefore;
  if (commaAfter !== undefined && isBlank(text, end, commaAfter)) {
    end = commaAfter + 1;
  } else if (commaAfter === undefined && comma !== undefined && isBlank(text, comma + 1, start)) {
    start = comma;
  } else if (comma !== undefined) {
    splices.push({ start: comma, end: comma + 1, text: '' });
  }
  const line = { start: lineStart(text, start), end: nextLine(text, end) };
  const rest = text.slice(end, line.end);
  const ownComment = /^[ \t]*(?:#.*)?(?=\r?\n)/.exec(rest)?.[0];
  if (ownComment !== undefined && isBlank(text, line.start, start)) {
    return [...splices, { ...line, text: '' }];
  }
  const blanks = commaAfter === undefined ? '' : /^[ \t]*/.exec(rest)?.[0];
  const taken = ownComment ?? blanks ?? '';
  return [...splices, { start, end: end + taken.length, text: '' }];
}

/** Blanks as wide as what stands before `position` on its line. */
function indentAt(text: string, position: number): string {
  return ' '.repeat(position - lineStart(text, position));
}

/** Whether there is nothing but blanks, on one line. */
function isBlank(text: string, start: number, end: number): boolean {
  return /^[ \t]*$/.test(text.slice(start, end));
}
