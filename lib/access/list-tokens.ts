/** Where the items of a YAML list stand in its text, to the byte; what they mean is not asked. */
import { CST, Parser } from 'yaml';

/** Written in braces, or a key a line. */
export type MapToken = CST.FlowCollection | CST.BlockMap;

/** Written in brackets, or an item a line. */
export type ListToken = CST.FlowCollection | CST.BlockSequence;

/** An item that is really there: comments behind the last one and a last comma are none. */
export interface ItemToken {
  /** Of the dash in a block list; in brackets, of the value with its anchor or tag. */
  readonly start: number;
  /** Of its content: its own trailing comment stands behind it. */
  readonly end: number;
  readonly commaBefore: number | undefined;
  readonly commaAfter: number | undefined;
  readonly value: CST.Token | undefined;
}

/** The value at the root of a text that is known to be YAML; undefined where there is none. */
export function rootToken(text: string): CST.Token | undefined {
  for (const token of new Parser().parse(text)) {
    if (token.type === 'document') return token.value;
  }
  return undefined;
}

export function isMapToken(token: CST.Token | undefined): token is MapToken {
  if (token?.type === 'flow-collection') return token.start.type === 'flow-map-start';
  return token?.type === 'block-map';
}

export function isListToken(token: CST.Token | undefined): token is ListToken {
  if (token?.type === 'flow-collection') return token.start.type === 'flow-seq-start';
  return token?.type === 'block-seq';
}

/** The pair whose key is `name`, quoted or not. */
export function pairToken(map: MapToken, name: string): CST.CollectionItem | undefined {
  const pairs: readonly CST.CollectionItem[] = map.items;
  return pairs.find(({ key }) => CST.isScalar(key) && CST.resolveAsScalar(key).value === name);
}

/** The end of the colon between the pair's key and value. */
export function colonEnd(pair: CST.CollectionItem): number | undefined {
  const colon = pair.sep?.find(({ type }) => type === 'map-value-ind');
  return colon === undefined ? undefined : colon.offset + 1;
}

export function itemTokens(list: ListToken): ItemToken[] {
  const items: readonly CST.CollectionItem[] = list.items;
  return items.flatMap((item, index) => {
    const start = itemStart(item);
    const end = itemEnd(item);
    if (start === undefined || end === undefined) return [];
    const next = items[index + 1];
    const commaAfter = next === undefined ? undefined : commaOf(next);
    return [{ start, end, commaBefore: commaOf(item), commaAfter, value: item.value }];
  });
}

/** Where the content of a value ends, without the blanks and comments behind it. */
export function contentEnd(token: CST.Token): number {
  if (token.type === 'flow-collection') return (token.end[0]?.offset ?? token.offset) + 1;
  if (token.type === 'block-map' || token.type === 'block-seq') {
    // The last but one, where comments stand behind the last item.
    return Math.max(token.offset, ...token.items.slice(-2).map((item) => itemEnd(item) ?? 0));
  }
  if (token.type === 'block-scalar') return token.offset + CST.stringify(token).length;
  return token.offset + ('source' in token ? token.source.length : 0);
}

function itemStart({ start, key, value }: CST.CollectionItem): number | undefined {
  return start.find(isContent)?.offset ?? key?.offset ?? value?.offset;
}

function itemEnd({ start, sep = [], value }: CST.CollectionItem): number | undefined {
  if (value !== undefined) return contentEnd(value);
  const last = [...start, ...sep].findLast(isContent);
  return last === undefined ? undefined : last.offset + last.source.length;
}

function commaOf({ start }: CST.CollectionItem): number | undefined {
  return start.find(({ type }) => type === 'comma')?.offset;
}

function isContent({ type }: CST.SourceToken): boolean {
  return type !== 'space' && type !== 'newline' && type !== 'comment' && type !== 'comma';
}
