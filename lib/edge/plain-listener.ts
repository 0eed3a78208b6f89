/** HTTP in clear on one address. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { endForError } from './client-errors.ts';
import type { Peer } from './peer.ts';
import { FrontDoor, type FrontDoorOptions } from './front-door.ts';
import { Turns } from './turns.ts';

export interface PlainListenerOptions extends FrontDoorOptions {
  readonly handle: (request: IncomingMessage, response: ServerResponse, peer: Peer) => void;
}

/** Nobody has a second request soon: a redirect leads away from here. */
const keepAliveTimeoutMs = 1_000;

export class PlainListener {
  readonly #options: PlainListenerOptions;
  readonly #door: FrontDoor;
  readonly #server: Server;
  readonly #peers = new WeakMap<Socket, Peer>();
  readonly #turns: Turns;
  #isClosing = false;

  constructor(options: PlainListenerOptions) {
    const { limits } = options;
    this.#options = options;
    this.#turns = new Turns(options.limits.maxRequestsPerConnection);
    this.#server = createServer({
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: limits.checkIntervalMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      maxHeaderSize: limits.maxHeaderBytes,
      // Judged with the rest, so that it is one answer with its reason.
      requireHostHeader: false,
    });
    this.#server.maxHeadersCount = 0;
    this.#server.maxRequestsPerSocket = limits.maxRequestsPerConnection;
    // As in HttpsListener: it never listens by itself.
    this.#server.emit('listening');
    this.#server.on('clientError', (error, socket) => {
      endForError(socket, { error, answer: this.#turns.current(socket) });
    });
    this.#server.on('upgrade', (_request, socket) => socket.destroy());
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
      const begin = (): void => this.#request(request, response);
      this.#turns.take(request.socket, { response, begin });
    };
    this.#server.on('request', onRequest);
    this.#server.on('checkContinue', onRequest);
    this.#server.on('checkExpectation', onRequest);
    this.#door = new FrontDoor(options, (socket, peer) => {
      this.#peers.set(socket, peer);
      this.#server.emit('connection', socket);
    });
  }

  /** Resolves with the bound port; rejects with the system's error (`EADDRINUSE`, `EACCES`). */
  listen(): Promise<number> {
    return this.#door.listen();
  }

  /** Accepts no more; resolves when the last connection is gone. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.closeIdleConnections();
    await this.#door.close();
    this.#server.close();
  }

  closeIdleConnections(): void {
    this.#server.closeIdleConnections();
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    if (this.#isClosing) response.shouldKeepAlive = false;
    const peer = this.#peers.get(request.socket);
    if (peer === undefined) request.socket.destroy();
    else this.#options.handle(request, response, peer);
  }
}
