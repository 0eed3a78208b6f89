/**
 * Connections that a load balancer passes on: who it says the client is (PROXY protocol). Only
 * listed balancers are heard, and nothing of a connection goes on before it has said so.
 */
import type { Socket } from 'node:net';
import { tryPeerAddress } from '../net/address.ts';
import { cidrContains, type Cidr } from '../net/cidr.ts';
import { parseProxyHeader } from '../net/proxy-header.ts';

export interface ProxiedSocketsOptions {
  /** Blocks of the balancers. */
  readonly from: readonly Cidr[];
  /** By when the header is to be here. */
  readonly deadlineMs: number;
  /** Connections that may be waited for at once. */
  readonly maxWaiting: number;
}

export class ProxiedSockets {
  readonly #options: ProxiedSocketsOptions;
  readonly #onSocket: (socket: Socket, remoteAddress: string | undefined) => void;
  #waiting = 0;

  /** `onSocket` gets each connection with the address of its client, its header taken off. */
  constructor(
    options: ProxiedSocketsOptions,
    onSocket: (socket: Socket, remoteAddress: string | undefined) => void,
  ) {
    this.#options = options;
    this.#onSocket = onSocket;
  }

  take(socket: Socket): void {
    const { deadlineMs, maxWaiting } = this.#options;
    if (!this.#hears(socket) || this.#waiting >= maxWaiting) {
      socket.destroy();
      return;
    }
    this.#waiting += 1;
    const deadline = setTimeout(() => socket.destroy(), deadlineMs);
    let received = Buffer.alloc(0);
    const read = (): void => {
      for (let chunk: unknown = socket.read(); chunk instanceof Buffer; chunk = socket.read()) {
        received = Buffer.concat([received, chunk]);
      }
      const header = parseProxyHeader(received);
      if (header.kind === 'incomplete') return;
      release();
      if (header.kind === 'invalid') {
        socket.destroy();
        return;
      }
      const rest = received.subarray(header.sizeBytes);
      if (rest.length > 0) socket.unshift(rest);
      this.#onSocket(socket, header.source ?? socket.remoteAddress);
    };
    const release = (): void => {
      this.#waiting -= 1;
      clearTimeout(deadline);
      socket.off('readable', read).off('close', release).off('end', end);
    };
    const end = (): void => void socket.destroy();
    socket.on('readable', read).once('close', release).once('end', end);
  }

  #hears({ remoteAddress }: Socket): boolean {
    const peer = tryPeerAddress(remoteAddress);
    return peer !== undefined && this.#options.from.some((block) => cidrContains(block, peer));
  }
}
