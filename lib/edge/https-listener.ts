/**
 * TLS and HTTP on one https address. Clients that send no server name get the certificate of the
 * address's default site.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { endForError } from './client-errors.ts';
import { acmeTlsProtocol } from '../acme/alpn-protocol.ts';
import { ChallengeTerminator } from './challenge-terminator.ts';
import type { Challenges } from './challenges.ts';
import type { Peer } from './peer.ts';
import { FrontDoor, type FrontDoorOptions } from './front-door.ts';
import { handshakeChoice } from './handshake-choice.ts';
import { tryClientName } from './client-certificate.ts';
import type { PacedResponse } from './paced-response.ts';
import type { SiteContexts } from './site-contexts.ts';
import type { TrustWatch } from './trust-watch.ts';
import { createTerminator, type Terminator } from './tls-terminator.ts';
import { Turns } from './turns.ts';

export interface RequestContext {
  readonly peer: Peer;
  /** Set where the address belongs to one mirror. */
  readonly mirror: string | undefined;
  /** The server name of the handshake, as sent; undefined where the client sent none. */
  readonly serverName: string | undefined;
}

export interface RequestHandler {
  request(request: IncomingMessage, response: PacedResponse, context: RequestContext): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, context: RequestContext): void;
}

/** What an address stands for; may change while it is open. */
export interface AddressRole {
  /** Set where the address belongs to one mirror. */
  readonly mirror: string | undefined;
  /** Whose certificate clients without a server name get. */
  readonly defaultSite: string;
}

export interface HttpsListenerOptions extends FrontDoorOptions {
  readonly role: AddressRole;
  readonly contexts: SiteContexts;
  readonly challenges: Challenges;
  readonly handler: RequestHandler;
  readonly trust: TrustWatch;
}

/** A connection whose handshake runs, or ran: TLS sockets come without the one below them. */
interface Accepted {
  readonly socket: Socket;
  readonly peer: Peer;
}

/** A fatal TLS alert `unrecognized_name` in clear, as the first record of a server (RFC 6066 §3). */
const unrecognizedName = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x70]);

export class HttpsListener {
  readonly #options: HttpsListenerOptions;
  readonly #door: FrontDoor;
  #role: AddressRole;
  #isClosing = false;
  /** By default site: an address that is itself a host has a default of its own. */
  readonly #terminators = new Map<string, Terminator>();
  /** The same for who has no right by its address, and is asked for a certificate. */
  readonly #asking = new Map<string, Terminator>();
  readonly #peers = new WeakMap<Duplex, Peer>();
  /** Those who spoke to us are told of once. */
  readonly #accepting = new WeakSet<Duplex>();
  /** In it runs all that a connection brings about: its TLS socket tells nothing of it. */
  readonly #connection = new AsyncLocalStorage<Accepted>();
  readonly #turns: Turns;
  readonly #visitors: ChallengeTerminator;

  constructor(options: HttpsListenerOptions) {
    this.#options = options;
    this.#visitors = new ChallengeTerminator(options.challenges, options.limits);
    this.#turns = new Turns(options.limits.maxRequestsPerConnection);
    this.#role = options.role;
    this.#door = new FrontDoor(options, (socket, peer) => this.#accept(socket, peer));
  }

  /** Resolves with the bound port; rejects with the system's error (`EADDRINUSE`, `EACCES`). */
  listen(): Promise<number> {
    return this.#door.listen();
  }

  /** The certificate from the next connection on, the mirror from the next request on. */
  setRole(role: AddressRole): void {
    this.#role = role;
  }

  /**
   * Takes a renewed certificate into use for clients without a server name, and keys of session
   * tickets, whatever the name.
   */
  refresh(): void {
    const { contexts } = this.#options;
    for (const [site, terminator] of this.#terminators) {
      terminator.setSecureContext(contexts.serverOptions(site));
    }
    for (const [site, terminator] of this.#asking) {
      terminator.setSecureContext(contexts.askingOptions(site));
    }
  }

  /** Accepts no more; resolves when the last connection is gone. Busy ones are not cut. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.closeIdleConnections();
    await this.#door.close();
    // Not before: it would end Node's watch over the header deadlines of connections that are left.
    for (const terminator of this.#all()) terminator.close();
  }

  closeIdleConnections(): void {
    for (const terminator of this.#all()) terminator.closeIdleConnections();
  }

  #all(): readonly Terminator[] {
    return [...this.#terminators.values(), ...this.#asking.values()];
  }

  #accept(socket: Socket, peer: Peer): void {
    if (peer.isVisitor) {
      this.#visitors.accept(socket);
      return;
    }
    const site = this.#options.contexts.siteOfAddress(socket) ?? this.#role.defaultSite;
    const terminator = this.#terminator(site, peer.isCandidate);
    this.#connection.run({ socket, peer }, () => terminator.emit('connection', socket));
  }

  #terminator(site: string, asks: boolean): Terminator {
    const terminators = asks ? this.#asking : this.#terminators;
    const known = terminators.get(site);
    if (known !== undefined) return known;
    const { contexts, challenges, limits } = this.#options;
    const choice = handshakeChoice({
      contexts: asks ? { lookup: (name) => contexts.lookupAsking(name) } : contexts,
      challenges,
      // Node closes without an alert; clients then blame the network, so the alert is sent here.
      refuse: () => this.#connection.getStore()?.socket.write(unrecognizedName),
    });
    const options = asks ? contexts.askingOptions(site) : contexts.serverOptions(site);
    const terminator = createTerminator({ ...options, ...choice }, limits);
    this.#serve(terminator, site);
    terminators.set(site, terminator);
    return terminator;
  }

  #serve(terminator: Terminator, site: string): void {
    const { trust } = this.#options;
    terminator.on('secureConnection', (socket) => this.#remember(socket));
    terminator.on('tlsClientError', (error, socket) => {
      const accepted = this.#connection.getStore();
      const serverName = serverNameOf(socket);
      if (accepted !== undefined) {
        trust.failed(error, { peer: accepted.peer, serverName, defaultSite: site });
      }
      socket.destroy();
    });
    terminator.on('clientError', (error, socket) => {
      endForError(socket, { error, answer: this.#turns.current(socket) });
    });
    const onRequest = (request: IncomingMessage, response: PacedResponse): void => {
      const begin = (): void => this.#request(request, response, site);
      this.#turns.take(request.socket, { response, begin });
    };
    terminator.on('request', onRequest);
    terminator.on('checkContinue', onRequest);
    terminator.on('checkExpectation', onRequest);
    terminator.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#upgrade(request, socket as TLSSocket, head);
    });
  }

  #request(request: IncomingMessage, response: PacedResponse, defaultSite: string): void {
    if (this.#isClosing) response.shouldKeepAlive = false;
    const context = this.#context(request.socket as TLSSocket);
    if (context === undefined) return;
    if (!this.#accepting.has(request.socket)) {
      this.#accepting.add(request.socket);
      this.#options.trust.accepted({ ...context, defaultSite });
    }
    this.#options.handler.request(request, response, context);
  }

  #upgrade(request: IncomingMessage, socket: TLSSocket, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const context = this.#context(socket);
    // The other protocol would begin inside the answer to an earlier request.
    if (this.#turns.current(socket) !== undefined) socket.destroy();
    else if (context !== undefined) this.#options.handler.upgrade(request, socket, head, context);
  }

  #remember(socket: TLSSocket): void {
    socket.on('error', () => socket.destroy());
    if (socket.alpnProtocol === acmeTlsProtocol) {
      socket.destroySoon();
      return;
    }
    const accepted = this.#connection.getStore();
    const peer = accepted && this.#identified(accepted, socket);
    if (peer === undefined) socket.destroy();
    else this.#peers.set(socket, peer);
  }

  /** Who has no right by its address may have one by its certificate. */
  #identified({ socket, peer }: Accepted, tls: TLSSocket): Peer | undefined {
    if (!peer.isCandidate) return peer;
    return this.#options.connections.identify(socket, peer, tryClientName(tls));
  }

  #context(socket: TLSSocket): RequestContext | undefined {
    const peer = this.#peers.get(socket);
    if (peer === undefined) {
      socket.destroy();
      return undefined;
    }
    return { peer, mirror: this.#role.mirror, serverName: serverNameOf(socket) };
  }
}

/** As the client sent it; undefined where it sent none. */
function serverNameOf(socket: TLSSocket): string | undefined {
  const { servername } = socket as { servername?: string | false | null };
  return typeof servername === 'string' ? servername : undefined;
}
