/**
 * The allow-list as a value: who comes in, to what, until when. It decides on canonical bytes,
 * never on text, and denies whatever it does not name.
 */
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { AddressBytes } from '../net/address.ts';
import { parseCidr } from '../net/cidr.ts';
import { indexCidrs, type CidrItem } from './cidr-index.ts';

/** What a denied peer gets: the connection closed before TLS, or 403 after it. */
export type DenyAction = 'close' | 'http';

/** To what an entry lets in, and until when. */
export interface EntryTerms {
  readonly label: string | undefined;
  /** Names of mirrors and services; undefined permits them all. */
  readonly mirrors: readonly string[] | undefined;
  /** The first instant at which the entry no longer counts. */
  readonly expires: Date | undefined;
  /** Where it stands in the file, from 1. */
  readonly line: number;
}

/** Lets in by address. */
export interface AllowEntry extends EntryTerms {
  /** Canonical: `203.0.113.7/32`, `2001:db8:42::/48`. */
  readonly cidr: string;
  /** The file of ranges in which that line is; the allow-list itself where it is left out. */
  readonly file?: string;
}

/** Lets in by a client certificate of the private CA, from whatever address. */
export interface CertificateEntry extends EntryTerms {
  /** The one that the certificate was issued for. */
  readonly name: string;
}

/** Plain values that survive a structured clone, so that another process can build the same list. */
export interface AllowListData {
  readonly deny: DenyAction;
  /** In the order of the file. */
  readonly entries: readonly AllowEntry[];
  readonly certificates: readonly CertificateEntry[];
}

/** What a peer was let in for, at the instant of the lookup. */
export interface Admission {
  /** Of the narrowest matching entry that has one. */
  readonly label: string | undefined;
  /** Every unexpired entry that matches, the narrowest first; never empty. */
  readonly entries: readonly EntryTerms[];
  /** Whether any of them covers the mirror or service of this name. */
  permits(name: string): boolean;
}

/** Immutable. After a change of the file the caller swaps it for a new one. */
export interface AllowList extends AllowListData {
  /** Undefined is a denial; so is an unknown peer, whose socket died before it was accepted. */
  lookup(address: AddressBytes | undefined, now: Date): Admission | undefined;
  /** As {@link lookup}, for who has proved to hold the certificate of this name. */
  lookupCertificate(name: string, now: Date): Admission | undefined;
  /** Every entry around the address, expired ones too, the narrowest first: for explanations. */
  around(address: AddressBytes): readonly AllowEntry[];
  /** When the next entry runs out after `now`: admissions given before are then to be renewed. */
  nextExpiry(now: Date): Date | undefined;
}

/** The list without entries: the only right one where no file could be read. */
export const nobody: AllowListData = Object.freeze({
  deny: 'close',
  entries: Object.freeze([]),
  certificates: Object.freeze([]),
});

/** @throws MirrorgateError `MIRRORGATE_ACCESS_DATA` where the data did not come from a parser. */
export function buildAllowList({ deny, entries, certificates }: AllowListData): AllowList {
  const index = indexCidrs(entries.map(indexItem));
  const byName = new Map(certificates.map((entry) => [entry.name, entry]));
  const expiriesMs = [...entries, ...certificates]
    .flatMap(({ expires }) => (expires === undefined ? [] : [expires.getTime()]))
    .sort((left, right) => left - right);
  return Object.freeze<AllowList>({
    deny,
    entries,
    certificates,
    around: (address) => index.containing(address),
    lookup(address, now) {
      if (address === undefined) return undefined;
      const current = index.containing(address).filter((entry) => !isExpired(entry, now));
      return current.length === 0 ? undefined : admission(current);
    },
    lookupCertificate(name, now) {
      const entry = byName.get(name);
      if (entry === undefined || isExpired(entry, now)) return undefined;
      return admission([{ ...entry, label: entry.label ?? name }]);
    },
    nextExpiry(now) {
      const nextMs = expiriesMs.find((expiryMs) => expiryMs > now.getTime());
      return nextMs === undefined ? undefined : new Date(nextMs);
    },
  });
}

export function isExpired({ expires }: EntryTerms, now: Date): boolean {
  return expires !== undefined && expires.getTime() <= now.getTime();
}

/** Whether the entry covers the mirror or service of this name. */
export function isInScope({ mirrors }: EntryTerms, name: string): boolean {
  return mirrors === undefined || mirrors.includes(name);
}

function admission(entries: readonly EntryTerms[]): Admission {
  return {
    label: entries.find(({ label }) => label !== undefined)?.label,
    entries,
    permits: (name) => entries.some((entry) => isInScope(entry, name)),
  };
}

function indexItem(entry: AllowEntry): CidrItem<AllowEntry> {
  const result = parseCidr(entry.cidr);
  if (result.kind === 'invalid' || Number.isNaN(Number(entry.expires ?? 0))) {
    const subject = `allow-list entry ${entry.cidr} of line ${entry.line}`;
    throw new MirrorgateError('MIRRORGATE_ACCESS_DATA', `the ${subject} is damaged`, {
      hint: 'send allow-list data between processes with serialization "advanced"',
    });
  }
  return { cidr: result.cidr, value: entry };
}
