/** What a new allow-list changes, for the log: who came in, who went out, by whose line. */
import { instantText } from './expiry.ts';
import type { AllowListData, EntryTerms } from './allow-list.ts';

export interface ListDifference {
  /** Of each at most {@link maxShown}; the counts are whole. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly addedCount: number;
  readonly removedCount: number;
  /** Where the answer to denied peers changed: the new one. */
  readonly deny: string | undefined;
}

const maxShown = 20;

/** An entry whose label, mirrors or expiry changed is removed and added. */
export function listDifference(before: AllowListData, after: AllowListData): ListDifference {
  const [old, fresh] = [textsOf(before), textsOf(after)];
  const added = [...fresh].filter((text) => !old.has(text));
  const removed = [...old].filter((text) => !fresh.has(text));
  return {
    added: added.slice(0, maxShown),
    removed: removed.slice(0, maxShown),
    addedCount: added.length,
    removedCount: removed.length,
    deny: before.deny === after.deny ? undefined : after.deny,
  };
}

function textsOf({ entries, certificates }: AllowListData): Set<string> {
  return new Set([
    ...entries.map((entry) => entryText(entry.cidr, entry)),
    ...certificates.map((entry) => entryText(`certificate ${entry.name}`, entry)),
  ]);
}

function entryText(subject: string, { label, mirrors, expires }: EntryTerms): string {
  return [
    subject,
    ...(label === undefined ? [] : [`(${label})`]),
    ...(mirrors === undefined ? [] : [`for ${mirrors.join(', ')}`]),
    ...(expires === undefined ? [] : [`until ${instantText(expires)}`]),
  ].join(' ');
}
