/**
 * Answers http-01 and tls-alpn-01 on loopback, as the edges of a gate do. Keeps what it was told
 * and what it was asked.
 */
import { once } from 'node:events';
import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSecureContext, createServer as createTlsServer, type SecureContext } from 'node:tls';
import { acmeTlsProtocol } from '../../../lib/acme/alpn-protocol.ts';
import type { Challenge, ChallengeResponder } from '../../../lib/acme/challenge.ts';

export class TestResponder implements ChallengeResponder {
  readonly #http: Server;
  readonly #tls;
  readonly #tokens = new Map<string, string>();
  readonly #contexts = new Map<string, SecureContext>();
  /** `present http-01 hub.example.test`, `withdraw …`, `asked …`, in their order. */
  readonly events: string[] = [];
  /** Presents nothing, and pretends to have. */
  isMute = false;
  /** Thrown by {@link present}. */
  failure: Error | undefined;

  private constructor() {
    this.#http = createHttpServer((request, response) => {
      const host = String(request.headers.host).replace(/:\d+$/, '');
      const token = /^\/\.well-known\/acme-challenge\/(.+)$/.exec(request.url ?? '')?.[1];
      this.events.push(`asked http-01 ${host}`);
      const answer = this.#tokens.get(`${host} ${token}`);
      response.statusCode = answer === undefined ? 404 : 200;
      response.setHeader('content-type', 'application/octet-stream');
      response.end(answer);
    });
    this.#tls = createTlsServer(
      {
        ALPNProtocols: [acmeTlsProtocol],
        SNICallback: (name, callback) => {
          this.events.push(`asked tls-alpn-01 ${name}`);
          const context = this.#contexts.get(name);
          if (context === undefined) callback(new Error('no challenge is pending'));
          else callback(null, context);
        },
      },
      (socket) => {
        socket.on('error', () => socket.destroy());
        socket.end();
      },
    );
    this.#tls.on('tlsClientError', (_error, socket) => socket.destroy());
  }

  static async start(): Promise<TestResponder> {
    const responder = new TestResponder();
    for (const server of [responder.#http, responder.#tls]) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    }
    return responder;
  }

  get httpPort(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get tlsPort(): number {
    return (this.#tls.address() as AddressInfo).port;
  }

  /** How many challenges stand now. */
  get standing(): number {
    return this.#tokens.size + this.#contexts.size;
  }

  present(challenge: Challenge): Promise<void> {
    this.events.push(`present ${challenge.kind} ${challenge.host}`);
    if (this.failure !== undefined) return Promise.reject(this.failure);
    if (this.isMute) return Promise.resolve();
    if (challenge.kind === 'http-01') {
      this.#tokens.set(`${challenge.host} ${challenge.token}`, challenge.keyAuthorization);
    }
    if (challenge.kind === 'tls-alpn-01') {
      const { chainPem: cert, privateKeyPem: key } = challenge.certifiedKey;
      this.#contexts.set(challenge.serverName, createSecureContext({ cert, key }));
    }
    return Promise.resolve();
  }

  withdraw(challenge: Challenge): Promise<void> {
    this.events.push(`withdraw ${challenge.kind} ${challenge.host}`);
    if (challenge.kind === 'http-01') this.#tokens.delete(`${challenge.host} ${challenge.token}`);
    if (challenge.kind === 'tls-alpn-01') this.#contexts.delete(challenge.serverName);
    return Promise.resolve();
  }

  async close(): Promise<void> {
    for (const server of [this.#http, this.#tls]) {
      server.close();
      await once(server, 'close');
    }
  }
}
