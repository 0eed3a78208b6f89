/**
 * Who is connected, and by what right. The decision is made on the peer's address before a byte of
 * TLS is spent, and made again for every live connection when the allow-list changes.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Admission, AllowList } from '../access/allow-list.ts';
import { certificateClient } from '../access/certificate-name.ts';
import { addressText, tryPeerAddress, type AddressBytes } from '../net/address.ts';
import { cidrContains, type Cidr } from '../net/cidr.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { ClientCounts } from './client-counts.ts';
import { DenialLog } from './denial-log.ts';
import { ForwardedRequests, type Outlet, type Requester } from './forwarded-requests.ts';
import type { Limits } from './limits.ts';
import type { DenialReason } from './observer.ts';
import { clientOf, isStranger, type Peer } from './peer.ts';
import type { Traffic } from './traffic.ts';

/** How a connection came. */
export interface Arrival {
  readonly remoteAddress?: string | undefined;
  readonly admitsVisitors?: boolean;
  /** Whether its handshake will ask who has no right by its address for a certificate. */
  readonly asksClients?: boolean;
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
  readonly isUnknown: boolean;
  /** Let in for a challenge, or to show a certificate. */
  readonly isAwaited: boolean;
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
   * `admitsVisitors`, strangers come in as visitors where they would not come in at all; with
   * `asksClients` as candidates, who are to be told of by {@link identify}.
   */
  accept(socket: Socket, arrival: Arrival = {}): Peer | undefined {
    const { remoteAddress = socket.remoteAddress, admitsVisitors = false } = arrival;
    const asksClients = arrival.asksClients === true && this.#namesCertificates;
    const bytes = tryPeerAddress(remoteAddress);
    // Gone already: a reset can arrive before the connection is looked at.
    if (bytes === undefined) {
      socket.destroy();
      return undefined;
    }
    const address = addressText(bytes);
    const admission = this.#allowList?.lookup(bytes, this.#clock.now());
    const isProxy = this.#isProxy(bytes);
    const isUnknown = isStranger({ admission, isProxy });
    const isCandidate = isUnknown && asksClients;
    const isVisitor = isUnknown && !isCandidate && !this.#letsStrangersIn && admitsVisitors;
    const client = clientOf(bytes);
    const isAwaited = isVisitor || isCandidate;
    const denial = this.#denial({ client, isUnknown, isAwaited, isProxy });
    if (isUnknown && !isAwaited) this.#denialLog.note(address);
    if (denial !== undefined) {
      socket.destroy();
      this.#noteDenial(address, denial);
      return undefined;
    }
    const passage = this.#traffic.enter(socket, client);
    const right = { admission, certificate: undefined, isProxy, isCandidate, isVisitor };
    const peer: Peer = { address, bytes, client, passage, ...right };
    this.#live.set(socket, peer);
    this.#counts.add(client);
    socket.once('close', () => {
      this.#live.delete(socket);
      this.#counts.remove(client);
    });
    return peer;
  }

  /**
   * A candidate's handshake is done; `name` is that of its certificate. Returns the peer that it is
   * by that; undefined where it has no right, and the TLS socket is to be destroyed: Node 24 crashes
   * where the socket below it is while its handshake ends.
   */
  identify(socket: Socket, candidate: Peer, name: string | undefined): Peer | undefined {
    candidate.isCandidate = false;
    // Its address was put on the list meanwhile.
    if (candidate.admission !== undefined) return candidate;
    const now = this.#clock.now();
    const admission =
      name === undefined ? undefined : this.#allowList?.lookupCertificate(name, now);
    if (name === undefined || admission === undefined) {
      this.#denialLog.note(candidate.address);
      if (this.#letsStrangersIn) return candidate;
      this.#noteDenial(candidate.address, 'not-allowed');
      return undefined;
    }
    const client = certificateClient(name);
    if (this.#counts.of(client) >= this.#limits.maxConnectionsPerAddress) {
      this.#noteDenial(candidate.address, 'address-full');
      return undefined;
    }
    const { passage, leave } = this.#traffic.enterAs(client, candidate.passage);
    const peer: Peer = { ...candidate, client, admission, passage, certificate: name };
    this.#live.set(socket, peer);
    this.#counts.add(client);
    socket.once('close', () => {
      this.#counts.remove(client);
      leave();
    });
    return peer;
  }

  close(): void {
    this.#expiry?.cancel();
    for (const socket of this.#live.keys()) socket.destroy();
  }

  /** Why a fresh connection has no place here, if it has none. */
  #denial({ client, isUnknown, isAwaited, isProxy }: Newcomer): DenialReason | undefined {
    const { maxStrangers, maxConnectionsPerAddress, maxConnections } = this.#limits;
    if (isUnknown) {
      if (!isAwaited && !this.#letsStrangersIn) return 'not-allowed';
      if ([...this.#live.values()].filter(isStranger).length >= maxStrangers)
        return 'strangers-full';
    }
    // Whom a proxy speaks for is held to it by the request.
    const isFull = !isProxy && this.#counts.of(client) >= maxConnectionsPerAddress;
    if (isFull) return 'address-full';
    return this.#live.size >= maxConnections ? 'edge-full' : undefined;
  }

  #noteDenial(address: string, reason: DenialReason): void {
    this.#onDenied(address, reason);
    if (reason !== 'not-allowed') {
      this.#logger.debug('connection refused', { client: address, reason });
    }
  }

  get #namesCertificates(): boolean {
    return this.#allowList !== undefined && this.#allowList.certificates.length > 0;
  }

  get #letsStrangersIn(): boolean {
    return this.#admitsStrangers || this.#allowList?.deny === 'http';
  }

  #admissionOf({ bytes, certificate }: Peer, now: Date): Admission | undefined {
    const list = this.#allowList;
    const byName =
      certificate === undefined ? undefined : list?.lookupCertificate(certificate, now);
    return byName ?? list?.lookup(bytes, now);
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
      const wasKnown = !isStranger(peer);
      peer.admission = this.#admissionOf(peer, now);
      peer.isProxy = this.#isProxy(peer.bytes);
      const isAwaited = peer.isCandidate && this.#namesCertificates;
      // Who is removed where strangers are let in comes again, and is told so.
      if (isStranger(peer) && !isAwaited && (wasKnown || !this.#letsStrangersIn)) {
        const client = peer.address;
        this.#logger.info('connection cut, its client is no longer allowed', { client });
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
