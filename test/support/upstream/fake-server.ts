/** A real HTTP(S) server on 127.0.0.1 for tests: a composable handler, a log of what was asked. */
import { createServer as createHttpServer, type IncomingHttpHeaders } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export type RequestKind = 'ping' | 'manifest' | 'blob' | 'tags' | 'referrers' | 'token' | 'other';

export interface RecordedRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  readonly kind: RequestKind;
  readonly headers: IncomingHttpHeaders;
  /** 0 until answered. */
  status: number;
  /** Body bytes handed to the socket so far. */
  bodyBytes: number;
}

export interface FakeExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly record: RecordedRequest;
  /** The URL asked, with the origin that the client used. */
  readonly url: URL;
}

export type Handler = (exchange: FakeExchange) => void | Promise<void>;

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

export interface FakeServerOptions {
  readonly handler: Handler;
  readonly tls?: TlsFiles;
  /** 127.0.0.1 unless told. */
  readonly address?: string;
}

export class FakeServer {
  readonly requests: RecordedRequest[] = [];
  /** TCP connections ever accepted. */
  connections = 0;
  readonly #server: Server;
  readonly #scheme: 'http' | 'https';

  private constructor(server: Server, scheme: 'http' | 'https') {
    this.#server = server;
    this.#scheme = scheme;
  }

  static async start({ handler, tls, address }: FakeServerOptions): Promise<FakeServer> {
    const server = tls === undefined ? createHttpServer() : createHttpsServer(tls);
    const fake = new FakeServer(server, tls === undefined ? 'http' : 'https');
    server.on('connection', () => (fake.connections += 1));
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      void fake.#answer({ request, response, handler });
    });
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    server.once('error', reject);
    server.listen(0, address ?? '127.0.0.1', () => resolve(undefined));
    await promise;
    return fake;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Origin by address. */
  get url(): string {
    return this.urlAt('127.0.0.1');
  }

  /** Origin by a name that the test resolves to it. */
  urlAt(host: string): string {
    return `${this.#scheme}://${host}:${this.port}`;
  }

  /** Idempotent; ends open connections. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#server.close(() => resolve(undefined));
    this.#server.closeAllConnections();
    await promise;
  }

  async #answer({ request, response, handler }: Asked): Promise<void> {
    const url = new URL(request.url ?? '/', `${this.#scheme}://${request.headers.host ?? 'none'}`);
    const { method = '', url: target = '', headers } = request;
    const record = { method, target, kind: kindOf(url), headers, status: 0, bodyBytes: 0 };
    this.requests.push(record);
    response.on('error', () => request.socket.destroy());
    try {
      await handler({ request, response, record, url });
    } catch (error) {
      request.socket.destroy();
      throw error;
    } finally {
      record.status = response.statusCode;
    }
  }
}

interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly handler: Handler;
}

/** `/v2/…/manifests/…` and its like; `/token` is where {@link withTokens} issues. */
function kindOf({ pathname }: URL): RequestKind {
  if (pathname === '/v2/') return 'ping';
  if (pathname === '/token') return 'token';
  const match = /^\/v2\/.+\/(manifests|blobs|tags|referrers)\/[^/]+$/.exec(pathname);
  return resourceKinds[match?.[1] ?? ''] ?? 'other';
}

const resourceKinds: Readonly<Record<string, RequestKind>> = {
  manifests: 'manifest',
  blobs: 'blob',
  tags: 'tags',
  referrers: 'referrers',
};
