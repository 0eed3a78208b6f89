/**
 * A worker's whole inside on real parts: a fake registry over HTTP, a store in a fresh directory,
 * and the worker's server on a unix socket, asked as an edge asks it.
 */
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Cache } from '../../lib/cache/cache.ts';
import type { CacheConfiguration, Mirror } from '../../lib/config/configuration.ts';
import type { BlobStore } from '../../lib/store/blob-store.ts';
import { StoreLayout } from '../../lib/store/layout.ts';
import { MirrorSet } from '../../lib/worker/mirror-set.ts';
import { WorkerServer } from '../../lib/worker/server.ts';
import { TemporaryDirectory } from './lab/temporary-directory.ts';
import { ManualClock } from './manual-clock.ts';
import { recordedLog, type RecordedLog } from './recorded-log.ts';
import { FakeRegistry, type FakeRegistryOptions } from './upstream/fake-registry.ts';
import { testMirror } from './upstream/test-mirror.ts';

export interface CacheLabOptions extends FakeRegistryOptions {
  /** Of the mirror `test`, which is always there. */
  readonly mirror?: Partial<Mirror>;
  /** Mirrors beside it, of the same registry unless they say otherwise. */
  readonly more?: readonly Partial<Mirror>[];
  /** Beside the directory: transfers are always finished, nothing is scrubbed, unless told. */
  readonly cache?: Partial<CacheConfiguration>;
  /** Where the cache lies; a fresh folder unless told. */
  readonly directory?: string;
  /** Puts a store with faults in front of the real one. */
  readonly wrapStore?: (store: BlobStore) => BlobStore;
}

export interface LabAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** False where the connection broke before the body was whole. */
  readonly isComplete: boolean;
}

interface RunningWorker {
  readonly mirrors: MirrorSet;
  readonly server: WorkerServer;
  readonly cache: Cache;
}

export class CacheLab {
  readonly registry: FakeRegistry;
  readonly layout: StoreLayout;
  readonly clock = new ManualClock();
  readonly log: RecordedLog = recordedLog();
  readonly #options: CacheLabOptions;
  readonly #directory: TemporaryDirectory;
  #worker: RunningWorker | undefined;

  private constructor(
    options: CacheLabOptions,
    registry: FakeRegistry,
    directory: TemporaryDirectory,
  ) {
    this.#options = options;
    this.registry = registry;
    this.#directory = directory;
    this.layout = new StoreLayout(options.directory ?? directory.join('cache'));
  }

  static async start(options: CacheLabOptions = {}): Promise<CacheLab> {
    const registry = await FakeRegistry.start(options);
    const lab = new CacheLab(options, registry, await TemporaryDirectory.create('cache'));
    await lab.#startWorker();
    return lab;
  }

  /** The cache of the running worker. */
  get cache(): Cache {
    if (this.#worker === undefined) throw new TypeError('no worker runs');
    return this.#worker.cache;
  }

  get socketPath(): string {
    return this.#directory.join('worker.sock');
  }

  /** `GET /test/v2/…`, or what `path` names whole where it begins with another mirror. */
  async get(path: string, headers: Record<string, string> = {}): Promise<LabAnswer> {
    return await collect(await this.open(path, { headers }));
  }

  async head(path: string): Promise<LabAnswer> {
    return await collect(await this.open(path, { method: 'HEAD' }));
  }

  /** The answer as soon as its headers are here, its body not yet read. */
  async open(
    path: string,
    options: { method?: 'GET' | 'HEAD'; headers?: Record<string, string> } = {},
  ): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const full = path.startsWith('/v2/') ? `/test${path}` : path;
    const request = httpRequest({
      socketPath: this.socketPath,
      path: full,
      agent: false,
      ...options,
    });
    request.on('response', resolve).on('error', reject).end();
    return await promise;
  }

  /** Ends the worker in good order and starts another on what it left. */
  async restart(): Promise<void> {
    await this.#stopWorker();
    await this.#startWorker();
  }

  async close(): Promise<void> {
    await this.#stopWorker();
    await this.registry.close();
    await this.#directory.close();
  }

  async #startWorker(): Promise<void> {
    const { layout, clock, log: logger } = this;
    const { mirror, more = [], cache: changes, wrapStore } = this.#options;
    const cache = await Cache.open({
      configuration: {
        directory: layout.root,
        maxSizeBytes: undefined,
        minFree: { bytes: 0 },
        finishAbandonedShare: 0,
        scrubPeriodMs: undefined,
        ...changes,
      },
      worker: 'worker-1',
      workers: 1,
      owns: () => true,
      sweepsRecords: true,
      clock,
      logger,
      ...(wrapStore && { wrapStore }),
    });
    const mirrors = new MirrorSet({ clock, logger, version: 'test' });
    const { url } = this.registry;
    const configured = [mirror ?? {}, ...more].map((facts) => testMirror(url, facts));
    mirrors.configure(configured);
    cache.configure(configured);
    const server = new WorkerServer({ mirrors, cache, logger });
    await server.listen(this.socketPath);
    this.#worker = { mirrors, server, cache };
  }

  async #stopWorker(): Promise<void> {
    if (this.#worker === undefined) return;
    const { mirrors, server, cache } = this.#worker;
    this.#worker = undefined;
    const closed = server.close();
    await cache.close();
    await closed;
    await mirrors.close();
  }
}

export async function collect(message: IncomingMessage): Promise<LabAnswer> {
  const chunks: Buffer[] = [];
  const { statusCode: status = 0, headers } = message;
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  } catch {
    return { status, headers, body: Buffer.concat(chunks), isComplete: false };
  }
  return { status, headers, body: Buffer.concat(chunks), isComplete: message.complete };
}
