/**
 * One address that accepts connections: {@link Connections} decides before a byte is read, and
 * what it lets in goes to the HTTP server that speaks for it.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { TcpEndpoint } from '../net/endpoint.ts';
import type { Connections, Peer } from './connections.ts';
import type { Limits } from './limits.ts';

export interface FrontDoorOptions {
  readonly endpoint: TcpEndpoint;
  /** Whether other processes listen on the same address. */
  readonly sharesPort: boolean;
  readonly connections: Connections;
  /** Of the server that speaks for the address. */
  readonly limits: Limits;
  /** Told what goes wrong with accepting (`EMFILE`) after `listen`. */
  readonly onError: (error: Error) => void;
}

export class FrontDoor {
  readonly #options: FrontDoorOptions;
  readonly #server: Server;

  constructor(options: FrontDoorOptions, onConnection: (socket: Socket, peer: Peer) => void) {
    this.#options = options;
    this.#server = createServer({ noDelay: true }, (socket) => {
      socket.on('error', () => socket.destroy());
      const peer = options.connections.accept(socket);
      if (peer !== undefined) onConnection(socket, peer);
    });
  }

  /** Resolves with the bound port; rejects with the system's error (`EADDRINUSE`, `EACCES`). */
  listen(): Promise<number> {
    const { endpoint, sharesPort, onError } = this.#options;
    const { address: host, port } = endpoint;
    const server = this.#server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, reusePort: sharesPort, backlog: 1024 }, () => {
        server.off('error', reject);
        server.on('error', onError);
        const bound = server.address();
        resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
      });
    });
  }

  /** Accepts no more; resolves when the last connection is gone. */
  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
