/**
 * Who is connected, and by what right. The decision is made on the peer's address before a byte of
 * TLS is spent, and made again for every live connection when the allow-list changes.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { AllowList } from '../access/allow-list.ts';
import { addressText, tryPeerAddress, type AddressBytes } from '../net/address.ts';
import { cidrContains, type Cidr } from '../net/cidr.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { ClientCounts } from './client-counts.ts';
import { DenialLog } from './denial-log.ts';
import { ForwardedRequests, type Outlet, type Requester } from './forwarded-requests.ts';
import type { Limits } from './limits.ts';
import type { DenialReason } from './observer.ts';
import { clientOf, type Peer } from './peer.ts';
import type { Traffic } from './traffic.ts';

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

/** What decides whether there is room for a connection. */
interface Newcomer {
  readonly client: string;
  /** Neither on the allow-list nor a trusted proxy. */
  readonly isStranger: boolean;
  readonly isVisitor: boolean;
  readonly isProxy: boolean;
}

export class Connections {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #limits: Limits;
  readonly #onDenied: (address: string, reason: DenialReason) => void;
  readonly #traffic: Traffic;
  readonly #live = new Map<Socket, Peer>();
  readonly #counts = new ClientCounts();
  readonly #denialLog: DenialLog;
  readonly #forwarded: ForwardedRequests;
  #trustedProxies: readonly Cidr[] = [];
  #allowList: AllowList | undefined;
  #admitsStrangers = false;
  #expiry: Timer | undefined;

  constructor(options: ConnectionsOptions) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#limits = options.limits;
    this.#onDenied = options.onDenied ?? (() => undefined);
    this.#traffic = options.traffic;
    this.#denialLog = new DenialLog(options.clock, options.logger);
    this.#forwarded = new ForwardedRequests({
      ...{ traffic: options.traffic, counts: this.#counts, logger: options.logger },
      maxPerClient: this.#limits.maxConnectionsPerAddress,
      isProxy: (address) => this.#isProxy(address),
      admissionOf: (address) => this.#allowList?.lookup(address, this.#clock.now()),
      onDenied: (address) => this.#onDenied(address, 'not-allowed'),
    });
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

  /** Who may say on whose behalf it asks; connections of who no longer may are judged anew. */
  setTrustedProxies(blocks: readonly Cidr[]): void {
    this.#trustedProxies = blocks;
    this.#judgeAgain();
  }

  /** Whom a request of `connection` is from, by its X-Forwarded-For where it is to be believed. */
  requesterOf(connection: Peer, request: IncomingMessage, outlet: Outlet): Requester {
    return this.#forwarded.requesterOf(connection, request, outlet);
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
    const isProxy = this.#isProxy(bytes);
    const isStranger = admission === undefined && !isProxy;
    const isVisitor = isStranger && !this.#letsStrangersIn && admitsVisitors;
    const client = clientOf(bytes);
    const denial = this.#denial({ client, isStranger, isVisitor, isProxy });
    if (isStranger && !isVisitor) this.#denialLog.note(address);
    if (denial !== undefined) {
      this.#onDenied(address, denial);
      if (denial !== 'not-allowed') {
        this.#logger.debug('connection refused', { client: address, reason: denial });
      }
      socket.destroy();
      return undefined;
    }
    const passage = this.#traffic.enter(socket, client);
    const peer: Peer = { address, bytes, client, admission, isProxy, isVisitor, passage };
    this.#live.set(socket, peer);
    this.#counts.add(client);
    socket.once('close', () => {
      this.#live.delete(socket);
      this.#counts.remove(client);
    });
    return peer;
  }

  close(): void {
    this.#expiry?.cancel();
    for (const socket of this.#live.keys()) socket.destroy();
  }

  /** Why a fresh connection has no place here, if it has none. */
  #denial({ client, isStranger, isVisitor, isProxy }: Newcomer): DenialReason | undefined {
    const { maxStrangers, maxConnectionsPerAddress, maxConnections } = this.#limits;
    if (isStranger) {
      if (!isVisitor && !this.#letsStrangersIn) return 'not-allowed';
      if (this.#countStrangers() >= maxStrangers) return 'strangers-full';
    }
    // Whom a proxy speaks for is held to it by the request.
    const isFull = !isProxy && this.#counts.of(client) >= maxConnectionsPerAddress;
    if (isFull) return 'address-full';
    return this.#live.size >= maxConnections ? 'edge-full' : undefined;
  }

  get #letsStrangersIn(): boolean {
    return this.#admitsStrangers || this.#allowList?.deny === 'http';
  }

  #countStrangers(): number {
    let count = 0;
    for (const { admission, isProxy } of this.#live.values()) {
      if (admission === undefined && !isProxy) count += 1;
    }
    return count;
  }

  #isProxy(address: AddressBytes): boolean {
    return this.#trustedProxies.some((block) => cidrContains(block, address));
  }

  /** Also runs when an entry of the list expires: its clients leave at that moment. */
  #judgeAgain(): void {
    const now = this.#clock.now();
    for (const [socket, peer] of this.#live) {
      // Gone in a moment; what was not decided by the list does not change with it.
      if (peer.isVisitor) continue;
      peer.admission = this.#allowList?.lookup(peer.bytes, now);
      peer.isProxy = this.#isProxy(peer.bytes);
      if (peer.admission === undefined && !peer.isProxy && !this.#letsStrangersIn) {
        this.#logger.info('connection cut, its client is no longer allowed', {
          client: peer.address,
        });
        socket.destroy();
      }
    }
    this.#forwarded.judgeAgain();
    this.#expiry?.cancel();
    const expiresAt = this.#allowList?.nextExpiry(now);
    this.#expiry =
      expiresAt && this.#clock.after(expiresAt.getTime() - now.getTime(), () => this.#judgeAgain());
  }
}
