/**
 * Stands between a gate and pebble, and on request makes of it what real CAs sometimes are: limited,
 * refusing, of another time. Pebble sees the gate's own Host, so that its URLs lead through here.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { pebbleTls, type Pebble } from './pebble.ts';

export interface Refusal {
  readonly status: number;
  /** Of the problem, without its prefix. */
  readonly type: string;
  readonly retryAfter?: string;
}

/** What pebble has at these paths. */
export const caPaths = { newOrder: '/order-plz', challenge: '/chalZ/' } as const;

export class CaFront {
  readonly directoryUrl: string;
  /** Paths that were asked for, whether passed on or not. */
  readonly asked: string[] = [];
  /** By the beginning of a path: answered in place of the CA. */
  readonly refusals = new Map<string, Refusal>();
  /** By the beginning of a path: what is waited for before the CA is asked. */
  readonly holds = new Map<string, Promise<undefined>>();
  /** Added to the CA's `Date`. */
  clockAheadMs = 0;
  readonly #server: Server;
  readonly #pebble: URL;

  private constructor(server: Server, pebble: Pebble) {
    this.#server = server;
    this.#pebble = new URL(pebble.directoryUrl);
    const { port } = server.address() as AddressInfo;
    this.directoryUrl = `https://127.0.0.1:${port}${this.#pebble.pathname}`;
    server.on('request', (asked: IncomingMessage, answer: ServerResponse) => {
      // A gate that is killed in the midst is what these tests are about.
      void this.#serve(asked, answer).catch(() => answer.destroy());
    });
  }

  static async start(pebble: Pebble): Promise<CaFront> {
    const { chainPem, privateKeyPem } = pebbleTls();
    const server = createServer({ cert: chainPem, key: privateKeyPem });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new CaFront(server, pebble);
  }

  /** How often a path that begins so was asked for. */
  count(path: string): number {
    return this.asked.filter((each) => each.startsWith(path)).length;
  }

  /** Holds requests for a path until the returned function is called. */
  hold(path: string): () => void {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.holds.set(path, promise);
    return () => {
      this.holds.delete(path);
      resolve(undefined);
    };
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #serve(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const path = asked.url ?? '/';
    this.asked.push(path);
    const refusal = find(this.refusals, path);
    if (refusal !== undefined) {
      asked.resume();
      refuse(answer, refusal);
      return;
    }
    await find(this.holds, path);
    const passed = request({
      host: this.#pebble.hostname,
      port: this.#pebble.port,
      path,
      method: asked.method,
      headers: asked.headers,
      // The front is what is under test, not its own trust in pebble.
      rejectUnauthorized: false,
    });
    const [[response]] = await Promise.all([
      once(passed, 'response') as Promise<[IncomingMessage]>,
      pipeline(asked, passed),
    ]);
    const date = new Date(Date.parse(response.headers.date ?? '') + this.clockAheadMs);
    answer.writeHead(response.statusCode ?? 0, { ...response.headers, date: date.toUTCString() });
    await pipeline(response, answer);
  }
}

function refuse(answer: ServerResponse, { status, type, retryAfter }: Refusal): void {
  answer.writeHead(status, {
    'content-type': 'application/problem+json',
    ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
  });
  const detail = `the front says ${type}`;
  answer.end(JSON.stringify({ type: `urn:ietf:params:acme:error:${type}`, detail, status }));
}

function find<T>(byPath: ReadonlyMap<string, T>, path: string): T | undefined {
  return [...byPath].find(([beginning]) => path.startsWith(beginning))?.[1];
}
