/** Fake upstreams and the clients of them that one test opens; closes them all together. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Mirror } from '../../../lib/config/configuration.ts';
import { MirrorgateError } from '../../../lib/errors/mirrorgate-error.ts';
import type { Digest } from '../../../lib/oci/digest.ts';
import { systemClock } from '../../../lib/time/clock.ts';
import {
  UpstreamRegistry,
  type UpstreamRegistryOptions,
  type UpstreamRequest,
  type UpstreamResponse,
} from '../../../lib/upstream/registry.ts';
import { FakeRegistry, type FakeRegistryOptions } from './fake-registry.ts';
import { FakeServer, type FakeServerOptions } from './fake-server.ts';
import { MemoryLogger, reference, repositoryName, testMirror } from './test-mirror.ts';

export interface ClientOptions extends Partial<Omit<UpstreamRegistryOptions, 'mirror'>> {
  readonly mirror?: Partial<Mirror>;
}

export class UpstreamBench {
  readonly logger = new MemoryLogger();
  readonly #open: { close(): Promise<void> }[] = [];

  async registry(options?: FakeRegistryOptions): Promise<FakeRegistry> {
    return this.#keep(await FakeRegistry.start(options));
  }

  async server(options: FakeServerOptions): Promise<FakeServer> {
    return this.#keep(await FakeServer.start(options));
  }

  /** A client of `upstream`: a fake, or an origin. */
  client(upstream: FakeRegistry | string, options: ClientOptions = {}): UpstreamRegistry {
    const { mirror, ...rest } = options;
    const origin = typeof upstream === 'string' ? upstream : upstream.url;
    const client = new UpstreamRegistry({
      clock: systemClock,
      logger: this.logger,
      ...rest,
      mirror: testMirror(origin, mirror),
    });
    return this.#keep(client);
  }

  /** Clients first, then the servers. */
  async close(): Promise<void> {
    for (const open of this.#open.splice(0).reverse()) await open.close();
  }

  #keep<T extends { close(): Promise<void> }>(opened: T): T {
    this.#open.push(opened);
    return opened;
  }
}

/** `acme/app:1.0`, `acme/app@sha256:…`, as a GET of the manifest unless `changes` say otherwise. */
export function manifestRequest(
  text: string,
  changes: Partial<UpstreamRequest> = {},
): UpstreamRequest {
  const [, repository = '', referenceText = ''] = /^(.+?)[:@](.+)$/.exec(text) ?? [];
  return {
    method: 'GET',
    repository: repositoryName(repository),
    resource: { kind: 'manifest', reference: reference(referenceText) },
    signal: new AbortController().signal,
    ...changes,
  };
}

/** A GET of a blob of `acme/app` unless `changes` say otherwise. */
export function blobRequest(
  digest: Digest,
  changes: Partial<UpstreamRequest> = {},
): UpstreamRequest {
  return {
    method: 'GET',
    repository: repositoryName('acme/app'),
    resource: { kind: 'blob', digest },
    signal: new AbortController().signal,
    ...changes,
  };
}

export async function bodyOf(response: UpstreamResponse): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response.body as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The error of ours that `promise` rejects with; anything else fails the test. */
export async function failureOf(promise: Promise<unknown>): Promise<MirrorgateError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof MirrorgateError) return error;
    throw error;
  }
  throw new Error('it was expected to fail and did not');
}

/** Waits for what another process or socket will bring about. */
export async function until(isDone: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!isDone()) {
    if (Date.now() > deadline) throw new Error('it never came about');
    await sleep(2);
  }
}
