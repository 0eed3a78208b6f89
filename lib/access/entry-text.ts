/** An entry of the allow-list as it is written into the file: `{cidr: …, label: …}`. */
import { Document, isScalar } from 'yaml';
import { instantText } from './expiry.ts';
import type { UnplacedEntry } from './written-entry.ts';

/** The keys of an entry in the order in which they are written; undefined ones are left out. */
export interface EntryKeys {
  readonly cidr?: string;
  readonly label?: string | undefined;
  readonly mirrors?: readonly string[] | undefined;
  /** An instant: `2026-12-31T00:00:00Z`. */
  readonly expires?: string | undefined;
}

/** The keys that an entry has. */
export function keysOf({ cidr, label, mirrors, expires }: UnplacedEntry): EntryKeys {
  return {
    cidr,
    ...(label === undefined ? {} : { label }),
    ...(mirrors === undefined ? {} : { mirrors }),
    ...(expires === undefined ? {} : { expires: instantText(expires) }),
  };
}

/** On one line. With `isJson` every key and text is quoted, so that a JSON file stays one. */
export function entryText(keys: EntryKeys, isJson: boolean): string {
  const document = new Document(keys, { keepUndefined: false });
  const cidr: unknown = document.get('cidr', true);
  // YAML does not ask for it, but other readers of these files stumble over a bare IPv6 address.
  if (isScalar(cidr) && String(cidr.value).includes(':')) cidr.type = 'QUOTE_DOUBLE';
  const text = document.toString({
    collectionStyle: 'flow',
    flowCollectionPadding: false,
    lineWidth: 0,
    ...(isJson
      ? ({ defaultKeyType: 'QUOTE_DOUBLE', defaultStringType: 'QUOTE_DOUBLE' } as const)
      : {}),
  });
  return text.trimEnd();
}

/** `label: runner-1`: the keys of {@link entryText} without the braces. */
export function pairText(keys: EntryKeys, isJson: boolean): string {
  return entryText(keys, isJson).slice(1, -1);
}
