/**
 * TLS for visitors: a CA that comes under `acme-tls/1` for a pending name sees the certificate
 * that it asked for, and is let go (RFC 8737 §3). Nothing that a visitor sends is ever read.
 */
import type { Socket } from 'node:net';
import { createServer, type SecureContext, type Server } from 'node:tls';
import { acmeTlsProtocol } from '../acme/alpn-protocol.ts';
import type { Challenges } from './challenges.ts';
import type { Limits } from './limits.ts';
import { tlsProfile } from './site-contexts.ts';

export class ChallengeTerminator {
  readonly #server: Server;

  constructor(challenges: Challenges, { handshakeTimeoutMs }: Limits) {
    this.#server = createServer({
      ...tlsProfile,
      handshakeTimeout: handshakeTimeoutMs,
      // Neither callback may throw: Node does not count that as its own fault.
      ALPNCallback: ({ protocols }) =>
        protocols.includes(acmeTlsProtocol) ? acmeTlsProtocol : undefined,
      SNICallback(name: string, callback: (error: Error | null, context?: SecureContext) => void) {
        const context = challenges.context(name);
        if (context === undefined) callback(new Error('no challenge is pending for this name'));
        else callback(null, context);
      },
    });
    this.#server.on('secureConnection', (socket) => {
      socket.on('error', () => socket.destroy());
      socket.destroySoon();
    });
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy());
  }

  accept(socket: Socket): void {
    this.#server.emit('connection', socket);
  }
}
