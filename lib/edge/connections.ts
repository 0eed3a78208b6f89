/**
 * Who is connected, and by what right. The decision is made on the peer's address before a byte of
 * TLS is spent, and made again for every live connection when the allow-list changes.
 */
import type { Socket } from 'node:net';
import type { Admission, AllowList } from '../access/allow-list.ts';
import { addressText, tryPeerAddress, type AddressBytes } from '../net/address.ts';
import { maskAddress } from '../net/cidr.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock, Timer } from '../time/clock.ts';
import type { Limits } from './limits.ts';
import type { DenialReason } from './observer.ts';
import type { Passage, Traffic } from './traffic.ts';

/** The other end of a connection. */
export interface Peer {
  readonly address: string;
  readonly bytes: AddressBytes;
  /** Who it counts as: its address, or the /64 that one IPv6 customer commands. */
  readonly client: string;
  /** Undefined for a stranger who was let in only to be told so, or to fetch the CA bundle. */
  admission: Admission | undefined;
  /** How its connection is counted and paced. */
  readonly passage: Passage;
  /** A stranger who was let in for a CA's challenge alone, and gets nothing else. */
  readonly isVisitor: boolean;
}

/** How a connection came. */
export interface Arrival {
  readonly remoteAddress?: string | undefined;
  readonly admitsVisitors?: boolean;
}

export interface ConnectionsOptions {
  readonly traffic: Traffic;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: Limits;
  /** Told of every connection that is closed for want of a right or room. */
  readonly onDenied?: (address: string, reason: DenialReason) => void;
}

/** At most one line in the log for an address in this span. */
const denialLogIntervalMs = 60_000;
const maxDenialsRemembered = 1_000;

export class Connections {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #limits: Limits;
  readonly #onDenied: (address: string, reason: DenialReason) => void;
  readonly #traffic: Traffic;
  readonly #live = new Map<Socket, Peer>();
  readonly #perAddress = new Map<string, number>();
  readonly #deniedAt = new Map<string, number>();
  #allowList: AllowList | undefined;
  #admitsStrangers = false;
  #expiry: Timer | undefined;

  constructor(options: ConnectionsOptions) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#limits = options.limits;
    this.#onDenied = options.onDenied ?? (() => undefined);
    this.#traffic = options.traffic;
  }

  get size(): number {
    return this.#live.size;
  }

  /** Puts a new list into force; undefined denies everybody. Connections it denies are cut. */
  setAllowList(allowList: AllowList | undefined): void {
    this.#allowList = allowList;
    this.#judgeAgain();
  }

  /** Whether strangers get TLS, to fetch the public CA bundle; the list may say so by itself. */
  setAdmitsStrangers(admits: boolean): void {
    this.#admitsStrangers = admits;
    this.#judgeAgain();
  }

  /**
   * The peer of a fresh connection, or undefined where it was closed for want of a right or room.
   * `remoteAddress` is another than the socket's where a load balancer passes it on. With
   * `admitsVisitors`, strangers come in as visitors where they would not come in at all.
   */
  accept(socket: Socket, arrival: Arrival = {}): Peer | undefined {
    const { remoteAddress = socket.remoteAddress, admitsVisitors = false } = arrival;
    const bytes = tryPeerAddress(remoteAddress);
    // Gone already: a reset can arrive before the connection is looked at.
    if (bytes === undefined) {
      socket.destroy();
      return undefined;
    }
    const address = addressText(bytes);
    const admission = this.#allowList?.lookup(bytes, this.#clock.now());
    const isVisitor = admission === undefined && !this.#letsStrangersIn && admitsVisitors;
    const client = clientOf(bytes);
    const denial = this.#denial(client, { admission, isVisitor });
    if (admission === undefined && !isVisitor) this.#logDenial(address);
    if (denial !== undefined) {
      this.#onDenied(address, denial);
      if (denial !== 'not-allowed') {
        this.#logger.debug('connection refused', { client: address, reason: denial });
      }
      socket.destroy();
      return undefined;
    }
    const passage = this.#traffic.enter(socket, client);
    const peer: Peer = { address, bytes, client, admission, isVisitor, passage };
    this.#live.set(socket, peer);
    this.#perAddress.set(client, (this.#perAddress.get(client) ?? 0) + 1);
    socket.once('close', () => this.#forget(socket, client));
    return peer;
  }

  close(): void {
    this.#expiry?.cancel();
    for (const socket of this.#live.keys()) socket.destroy();
  }

  /** Why a fresh connection has no place here, if it has none. */
  #denial(
    client: string,
    { admission, isVisitor }: Pick<Peer, 'admission' | 'isVisitor'>,
  ): DenialReason | undefined {
    const { maxStrangers, maxConnectionsPerAddress, maxConnections } = this.#limits;
    if (admission === undefined) {
      if (!isVisitor && !this.#letsStrangersIn) return 'not-allowed';
      if (this.#countStrangers() >= maxStrangers) return 'strangers-full';
    }
    if ((this.#perAddress.get(client) ?? 0) >= maxConnectionsPerAddress) return 'address-full';
    return this.#live.size >= maxConnections ? 'edge-full' : undefined;
  }

  get #letsStrangersIn(): boolean {
    return this.#admitsStrangers || this.#allowList?.deny === 'http';
  }

  #countStrangers(): number {
    let count = 0;
    for (const { admission } of this.#live.values()) if (admission === undefined) count += 1;
    return count;
  }

  #forget(socket: Socket, client: string): void {
    this.#live.delete(socket);
    const left = (this.#perAddress.get(client) ?? 1) - 1;
    if (left === 0) this.#perAddress.delete(client);
    else this.#perAddress.set(client, left);
  }

  /** Also runs when an entry of the list expires: its clients leave at that moment. */
  #judgeAgain(): void {
    const now = this.#clock.now();
    for (const [socket, peer] of this.#live) {
      // Gone in a moment; what was not decided by the list does not change with it.
      if (peer.isVisitor) continue;
      peer.admission = this.#allowList?.lookup(peer.bytes, now);
      if (peer.admission === undefined && !this.#letsStrangersIn) {
        this.#logger.info('connection cut, its client is no longer allowed', {
          client: peer.address,
        });
        socket.destroy();
      }
    }
    this.#expiry?.cancel();
    const expiresAt = this.#allowList?.nextExpiry(now);
    this.#expiry =
      expiresAt && this.#clock.after(expiresAt.getTime() - now.getTime(), () => this.#judgeAgain());
  }

  #logDenial(address: string): void {
    const now = this.#clock.now().getTime();
    if (now - (this.#deniedAt.get(address) ?? -Infinity) < denialLogIntervalMs) return;
    if (this.#deniedAt.size >= maxDenialsRemembered) this.#deniedAt.clear();
    this.#deniedAt.set(address, now);
    this.#logger.info('connection denied', { client: address });
  }
}

function clientOf(bytes: AddressBytes): string {
  return bytes.length === 4 ? addressText(bytes) : `${addressText(maskAddress(bytes, 64))}/64`;
}
