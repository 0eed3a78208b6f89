/**
 * An upstream registry for tests, on a real socket. It composes: give `wrap` a chain such as
 * `(registry) => withTokens(withRateLimit(registry, { limit: 100 }), {})`.
 */
import type { Digest } from '../../../lib/oci/digest.ts';
import { answerFault, sendContent, type Fault } from './faults.ts';
import {
  FakeServer,
  type FakeExchange,
  type Handler,
  type RecordedRequest,
  type RequestKind,
  type TlsFiles,
} from './fake-server.ts';
import { FakeStore, type FakeManifest } from './fake-store.ts';

export interface FakeRegistryOptions {
  readonly wrap?: (registry: Handler) => Handler;
  readonly tls?: TlsFiles;
  /** 127.0.0.1 unless told. */
  readonly address?: string;
}

interface ActiveFault {
  readonly fault: Fault;
  /** Answers that it spoils before it goes. */
  timesLeft: number;
}

export class FakeRegistry {
  readonly #server: FakeServer;
  readonly #store: FakeStore;
  readonly #faults: Map<RequestKind, ActiveFault>;

  private constructor(server: FakeServer, store: FakeStore, faults: Map<RequestKind, ActiveFault>) {
    this.#server = server;
    this.#store = store;
    this.#faults = faults;
  }

  static async start({ wrap, tls, address }: FakeRegistryOptions = {}): Promise<FakeRegistry> {
    const store = new FakeStore();
    const faults = new Map<RequestKind, ActiveFault>();
    const inner = registryHandler(store, faults);
    const server = await FakeServer.start({
      handler: withFaults(wrap?.(inner) ?? inner, faults),
      ...(tls === undefined ? {} : { tls }),
      ...(address === undefined ? {} : { address }),
    });
    return new FakeRegistry(server, store, faults);
  }

  get url(): string {
    return this.#server.url;
  }

  get port(): number {
    return this.#server.port;
  }

  /** TCP connections ever accepted. */
  get connections(): number {
    return this.#server.connections;
  }

  /** Everything asked so far, in order; token requests too. */
  get requests(): readonly RecordedRequest[] {
    return this.#server.requests;
  }

  urlAt(host: string): string {
    return this.#server.urlAt(host);
  }

  /** How many requests of `kind` came, by `method` where given. */
  count(kind: RequestKind, method?: 'GET' | 'HEAD'): number {
    return this.requests.filter(
      (request) => request.kind === kind && (method === undefined || request.method === method),
    ).length;
  }

  /** Body bytes sent for `kind`. */
  bodyBytes(kind: RequestKind): number {
    return this.requests
      .filter((request) => request.kind === kind)
      .reduce((sum, { bodyBytes }) => sum + bodyBytes, 0);
  }

  forgetRequests(): void {
    this.#server.requests.length = 0;
  }

  /** Held by `repository` alone where given, else by every repository. */
  addBlob(bytes: Buffer, repository?: string): Digest {
    return this.#store.addBlob(bytes, repository);
  }

  removeBlob(digest: Digest): void {
    this.#store.removeBlob(digest);
  }

  addManifest(manifest: FakeManifest): Digest {
    return this.#store.addManifest(manifest);
  }

  /**
   * Answers to `kind` are spoiled by `fault` until it is cleared, or `times` times. Tokens are
   * spoiled only by faults that replace the whole answer.
   */
  setFault(kind: RequestKind, fault: (Fault & { readonly times?: number }) | undefined): void {
    if (fault === undefined) this.#faults.delete(kind);
    else this.#faults.set(kind, { fault, timesLeft: fault.times ?? Infinity });
  }

  async close(): Promise<void> {
    await this.#server.close();
  }
}

/** Faults that are no answer at all come before everything else, authentication included. */
function withFaults(next: Handler, faults: ReadonlyMap<RequestKind, ActiveFault>): Handler {
  return (exchange) => {
    const active = faults.get(exchange.record.kind);
    if (active !== undefined && active.timesLeft > 0 && answerFault(exchange, active.fault)) {
      active.timesLeft -= 1;
      return undefined;
    }
    return next(exchange);
  };
}

function registryHandler(store: FakeStore, faults: ReadonlyMap<RequestKind, ActiveFault>): Handler {
  return async (exchange) => {
    const { record, response, url } = exchange;
    if (record.kind === 'ping') {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      return;
    }
    const content = store.find(record.kind, url);
    if (typeof content === 'string') {
      sendError(exchange, { status: 404, code: content });
      return;
    }
    const active = faults.get(record.kind);
    const isActive = active !== undefined && active.timesLeft > 0;
    if (isActive) active.timesLeft -= 1;
    await sendContent({ exchange, content, fault: isActive ? active.fault : undefined });
  };
}

export interface FakeError {
  readonly status: number;
  readonly code: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
}

/** An OCI error (distribution-spec §Error Codes). */
export function sendError({ response }: FakeExchange, { status, code, headers }: FakeError): void {
  const body = JSON.stringify({ errors: [{ code, message: `the fake says ${code}` }] });
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
}
