/**
 * TLS and HTTP on one https address. Clients that send no server name get the certificate of the
 * address's default site.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SecureContext, TLSSocket } from 'node:tls';
import { answerClientError } from './client-errors.ts';
import type { Peer } from './connections.ts';
import { FrontDoor, type FrontDoorOptions } from './front-door.ts';
import { limits } from './limits.ts';
import type { SiteContexts } from './site-contexts.ts';

export interface RequestContext {
  readonly peer: Peer;
  /** Set where the address belongs to one mirror. */
  readonly mirror: string | undefined;
  /** The server name of the handshake, as sent; undefined where the client sent none. */
  readonly serverName: string | undefined;
}

export interface RequestHandler {
  request(request: IncomingMessage, response: ServerResponse, context: RequestContext): void;
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
  readonly handler: RequestHandler;
}

/** A fatal TLS alert `unrecognized_name` in clear, as the first record of a server (RFC 6066 §3). */
const unrecognizedName = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x70]);

export class HttpsListener {
  readonly #options: HttpsListenerOptions;
  readonly #door: FrontDoor;
  #role: AddressRole;
  /** By default site: an address that is itself a host has a default of its own. */
  readonly #terminators = new Map<string, Server>();
  readonly #accepted = new Map<string, { readonly socket: Socket; readonly peer: Peer }>();
  readonly #peers = new WeakMap<Duplex, Peer>();

  constructor(options: HttpsListenerOptions) {
    this.#options = options;
    this.#role = options.role;
    this.#door = new FrontDoor(options, (socket, peer) => this.#accept(socket, peer));
  }

  /** Resolves with the bound port; rejects with the system's error (`EADDRINUSE`, `EACCES`). */
  listen(): Promise<number> {
    return this.#door.listen();
  }

  /** From the next connection on. */
  setRole(role: AddressRole): void {
    this.#role = role;
  }

  /** Takes a renewed certificate into use for clients without a server name. */
  refresh(): void {
    for (const [site, terminator] of this.#terminators) {
      terminator.setSecureContext(this.#options.contexts.serverOptions(site));
    }
  }

  /** Accepts no more; resolves when the last connection is gone. Busy ones are not cut. */
  close(): Promise<void> {
    const closed = this.#door.close();
    for (const terminator of this.#terminators.values()) terminator.close();
    return closed;
  }

  closeIdleConnections(): void {
    for (const terminator of this.#terminators.values()) terminator.closeIdleConnections();
  }

  #accept(socket: Socket, peer: Peer): void {
    const key = connectionKey(socket);
    this.#accepted.set(key, { socket, peer });
    socket.once('close', () => this.#accepted.delete(key));
    const { contexts } = this.#options;
    const site = contexts.siteOfAddress(socket.localAddress) ?? this.#role.defaultSite;
    this.#terminator(site).emit('connection', socket);
  }

  #terminator(site: string): Server {
    const known = this.#terminators.get(site);
    if (known !== undefined) return known;
    const terminator = this.#createTerminator(site);
    this.#terminators.set(site, terminator);
    return terminator;
  }

  #createTerminator(site: string): Server {
    const { contexts, handler } = this.#options;
    const terminator = createServer({
      ...contexts.serverOptions(site),
      ALPNProtocols: ['http/1.1'],
      SNICallback: this.#serverNameCallback(),
      handshakeTimeout: limits.handshakeTimeoutMs,
      headersTimeout: limits.headersTimeoutMs,
      // Bodies reach services only, which may upload for hours; idle ones end by their own timeout.
      requestTimeout: 0,
      connectionsCheckingInterval: limits.checkIntervalMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      maxHeaderSize: limits.maxHeaderBytes,
    });
    // Any other limit makes Node hide headers past it while the parser still obeys them.
    terminator.maxHeadersCount = 0;
    terminator.maxRequestsPerSocket = limits.maxRequestsPerConnection;
    // It never listens by itself, and Node begins to watch header deadlines at this event only.
    terminator.emit('listening');
    terminator.on('secureConnection', (socket) => this.#remember(socket));
    terminator.on('tlsClientError', (_error, socket) => socket.destroy());
    terminator.on('clientError', answerClientError);
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
      const context = this.#context(request.socket as TLSSocket);
      if (context !== undefined) handler.request(request, response, context);
    };
    terminator.on('request', onRequest);
    terminator.on('checkContinue', onRequest);
    terminator.on('checkExpectation', onRequest);
    terminator.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', () => socket.destroy());
      const context = this.#context(socket as TLSSocket);
      if (context !== undefined) handler.upgrade(request, socket, head, context);
    });
    return terminator;
  }

  /** Must never throw: Node does not count a throwing callback as its own fault. */
  #serverNameCallback() {
    const { contexts } = this.#options;
    const accepted = this.#accepted;
    type Callback = (error: Error | null, context?: SecureContext) => void;
    return function serverName(this: unknown, name: string, callback: Callback): void {
      const context = contexts.lookup(name);
      if (context !== undefined) {
        callback(null, context);
        return;
      }
      // Node closes without an alert; clients then blame the network, so the alert is sent here.
      accepted.get(connectionKey(this as TLSSocket))?.socket.write(unrecognizedName);
      callback(new Error('unrecognized server name'));
    };
  }

  #remember(socket: TLSSocket): void {
    socket.on('error', () => socket.destroy());
    const peer = this.#accepted.get(connectionKey(socket))?.peer;
    if (peer === undefined) socket.destroy();
    else this.#peers.set(socket, peer);
  }

  #context(socket: TLSSocket): RequestContext | undefined {
    const peer = this.#peers.get(socket);
    if (peer === undefined) {
      socket.destroy();
      return undefined;
    }
    const { servername } = socket as { servername?: string | false };
    const serverName = typeof servername === 'string' ? servername : undefined;
    return { peer, mirror: this.#role.mirror, serverName };
  }
}

/** The same for a connection and for the TLS socket on it. */
function connectionKey(socket: Pick<Socket, 'remoteAddress' | 'remotePort' | 'localPort'>): string {
  return `${socket.remoteAddress ?? ''} ${socket.remotePort ?? ''} ${socket.localPort ?? ''}`;
}
