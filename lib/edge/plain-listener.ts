/** HTTP in clear on one address. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { answerClientError } from './client-errors.ts';
import type { Peer } from './connections.ts';
import { FrontDoor, type FrontDoorOptions } from './front-door.ts';
import { limits } from './limits.ts';

export interface PlainListenerOptions extends FrontDoorOptions {
  readonly handle: (request: IncomingMessage, response: ServerResponse, peer: Peer) => void;
}

/** Nobody has a second request soon: a redirect leads away from here. */
const keepAliveTimeoutMs = 1_000;

export class PlainListener {
  readonly #door: FrontDoor;
  readonly #server: Server;
  readonly #peers = new WeakMap<Socket, Peer>();

  constructor(options: PlainListenerOptions) {
    this.#server = createServer({
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: limits.checkIntervalMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      maxHeaderSize: limits.maxHeaderBytes,
    });
    this.#server.maxHeadersCount = 0;
    // As in HttpsListener: it never listens by itself.
    this.#server.emit('listening');
    this.#server.on('clientError', answerClientError);
    this.#server.on('upgrade', (_request, socket) => socket.destroy());
    this.#server.on('request', (request, response) => {
      const peer = this.#peers.get(request.socket);
      if (peer === undefined) request.socket.destroy();
      else options.handle(request, response, peer);
    });
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
  close(): Promise<void> {
    const closed = this.#door.close();
    this.#server.close();
    return closed;
  }

  closeIdleConnections(): void {
    this.#server.closeIdleConnections();
  }
}
