/** Who is on the other end, and by what right. */
import type { Admission } from '../access/allow-list.ts';
import { addressText, type AddressBytes } from '../net/address.ts';
import { maskAddress } from '../net/cidr.ts';
import type { Passage } from './traffic.ts';

/** The other end of a connection, or the client that a trusted proxy passes a request on for. */
export interface Peer {
  readonly address: string;
  readonly bytes: AddressBytes;
  /** Who it counts as: its address, the /64 that one IPv6 customer commands, or its certificate. */
  readonly client: string;
  /** Undefined for a stranger who was let in only to be told so, or to fetch the CA bundle. */
  admission: Admission | undefined;
  /** Whether it is believed about whose requests it passes on. */
  isProxy: boolean;
  /** How its connection is counted and paced. */
  readonly passage: Passage;
  /** Name of the client certificate that it has its right by, if not by its address. */
  readonly certificate: string | undefined;
  /** Without a right by its address, until its handshake has shown whether a certificate gives one. */
  isCandidate: boolean;
  /** A stranger who was let in for a CA's challenge alone, and gets nothing else. */
  readonly isVisitor: boolean;
}

/** Neither on the allow-list nor a trusted proxy. */
export function isStranger({ admission, isProxy }: Pick<Peer, 'admission' | 'isProxy'>): boolean {
  return admission === undefined && !isProxy;
}

export function clientOf(bytes: AddressBytes): string {
  return bytes.length === 4 ? addressText(bytes) : `${addressText(maskAddress(bytes, 64))}/64`;
}
