/**
 * One address that accepts connections: {@link Connections} decides before a byte is read, and
 * what it lets in goes to the HTTP server that speaks for it.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Cidr } from '../net/cidr.ts';
import type { TcpEndpoint } from '../net/endpoint.ts';
import type { Connections } from './connections.ts';
import type { Peer } from './peer.ts';
import type { Limits } from './limits.ts';
import { ProxiedSockets } from './proxied-sockets.ts';

export interface FrontDoorOptions {
  readonly endpoint: TcpEndpoint;
  /** Whether other processes listen on the same address. */
  readonly sharesPort: boolean;
  readonly connections: Connections;
  /** Load balancers that speak the PROXY protocol here; where they are named, nobody else is heard. */
  readonly proxiedFrom?: readonly Cidr[] | undefined;
  /** Whether who is not on the allow-list may come in for a CA's challenge. */
  readonly admitsVisitors: () => boolean;
  /** Whether they may come in to show a certificate. */
  readonly asksClients?: () => boolean;
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
    const { connections, proxiedFrom, limits, admitsVisitors, asksClients } = options;
    const accept = (socket: Socket, remoteAddress: string | undefined): void => {
      const arrival = {
        remoteAddress,
        admitsVisitors: admitsVisitors(),
        asksClients: asksClients?.() === true,
      };
      const peer = connections.accept(socket, arrival);
      if (peer !== undefined) onConnection(socket, peer);
    };
    const proxied =
      proxiedFrom &&
      new ProxiedSockets(
        {
          from: proxiedFrom,
          deadlineMs: limits.handshakeTimeoutMs,
          maxWaiting: limits.maxConnections,
        },
        accept,
      );
    this.#server = createServer({ noDelay: true }, (socket) => {
      socket.on('error', () => socket.destroy());
      if (proxied === undefined) accept(socket, socket.remoteAddress);
      else proxied.take(socket);
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
