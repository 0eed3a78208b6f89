/**
 * One pull-through cache: its content on disk, what is known of it, what is being fetched, and the
 * background work that keeps it small and sound.
 */
import type { CacheConfiguration } from '../config/configuration.ts';
import type { Digest } from '../oci/digest.ts';
import type { BlobStore } from '../store/blob-store.ts';
import { FileBlobStore } from '../store/file-blob-store.ts';
import type { Reference } from '../oci/reference.ts';
import { StoreLayout, type RepositoryKey } from '../store/layout.ts';
import { purge, type Purged, type PurgeSelection } from '../store/purge.ts';
import { RepositoryIndex } from '../store/repository-index.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { BlobCache } from './blob-cache.ts';
import { CacheSpace } from './cache-space.ts';
import { DiskTrouble } from './disk-trouble.ts';
import { readHoldings, type Holdings } from './holdings.ts';
import { ManifestCache } from './manifest-cache.ts';
import { ManifestShelf } from './manifest-shelf.ts';
import { pinnedContent, type PinnedMirror } from './pins.ts';
import { sweepRecords } from './record-sweep.ts';
import { Scrubber, type ScrubOutcome } from './scrubber.ts';

export interface CacheOptions {
  readonly configuration: CacheConfiguration;
  /** Name of the worker, which alone writes its part of the cache. */
  readonly worker: string;
  /** How many share the cache, this one included; the size is divided among them. */
  readonly workers: number;
  /** Whether content is this worker's to count, to remove and to scrub. */
  readonly owns: (digest: Digest) => boolean;
  /** Whether this worker sweeps the records for all. */
  readonly sweepsRecords: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Puts a store with faults in front of the real one, in tests. */
  readonly wrapStore?: (store: BlobStore) => BlobStore;
}

const sweepIntervalMs = 24 * 3_600_000;
const upkeepIntervalMs = 60_000;

export class Cache {
  readonly blobs: BlobCache;
  readonly manifests: ManifestCache;
  readonly space: CacheSpace;
  readonly #options: CacheOptions;
  readonly #layout: StoreLayout;
  readonly #store: BlobStore;
  readonly #index: RepositoryIndex;
  readonly #shelf: ManifestShelf;
  readonly #scrubber: Scrubber | undefined;
  #mirrors: readonly PinnedMirror[] = [];
  readonly #timers = new Map<string, Timer>();

  private constructor(options: CacheOptions, layout: StoreLayout, store: BlobStore) {
    const { configuration, workers, owns, clock, logger } = options;
    const { maxSizeBytes, minFree, finishAbandonedShare, scrubPeriodMs } = configuration;
    const disk = new DiskTrouble(logger);
    const index = new RepositoryIndex(layout, (error) => disk.report(error));
    this.#options = options;
    this.#layout = layout;
    this.#store = store;
    this.#index = index;
    const space = new CacheSpace({
      store,
      directory: layout.root,
      maxSizeBytes: maxSizeBytes && maxSizeBytes / workers,
      minFree,
      owns,
      pinned: () => pinnedContent(this.#mirrors, { layout, index, store }),
      clock,
      logger,
    });
    this.space = space;
    this.#shelf = new ManifestShelf({ store, index, space, disk, logger });
    this.manifests = new ManifestCache({ shelf: this.#shelf, index, disk, clock, logger });
    this.blobs = new BlobCache({ store, index, space, disk, clock, logger, finishAbandonedShare });
    this.#scrubber =
      scrubPeriodMs === undefined
        ? undefined
        : new Scrubber({
            store,
            contents: () => space.contents(),
            periodMs: scrubPeriodMs,
            onDamaged: (digest) => space.removed(digest),
            clock,
            logger,
          });
  }

  /**
   * Opens the cache directory, making it where it is absent.
   * @throws MirrorgateError as {@link FileBlobStore.open}
   */
  static async open(options: CacheOptions): Promise<Cache> {
    const { configuration, worker, clock, wrapStore = (store) => store } = options;
    const layout = new StoreLayout(configuration.directory);
    const store = wrapStore(await FileBlobStore.open({ layout, worker, clock }));
    const cache = new Cache(options, layout, store);
    cache.#background('survey', () => cache.space.survey());
    cache.#scrubber?.start();
    cache.#repeat('upkeep', upkeepIntervalMs, () => cache.space.makeRoom());
    if (options.sweepsRecords) cache.#repeat('record sweep', sweepIntervalMs, () => cache.#sweep());
    return cache;
  }

  /** How much of an image is here. */
  holdings(key: RepositoryKey, reference: Reference): Promise<Holdings> {
    return readHoldings({ store: this.#store, index: this.#index }, key, reference);
  }

  /** What scrubbing has found so far. */
  get scrubOutcome(): ScrubOutcome {
    return this.#scrubber?.outcome ?? { checkedBytes: 0, damaged: 0 };
  }

  /** Where its content lies. */
  get directory(): string {
    return this.#layout.root;
  }

  /** Which images are pinned, from now on. */
  configure(mirrors: readonly PinnedMirror[]): void {
    this.#mirrors = mirrors;
  }

  /** Takes content out, where this worker sweeps the records; the others are to forget then. */
  async purge(selection: PurgeSelection): Promise<Purged> {
    if (!this.#options.sweepsRecords) return { records: 0, contents: 0, bytes: 0 };
    const purged = await purge(
      { layout: this.#layout, index: this.#index, store: this.#store },
      selection,
    );
    this.#options.logger.info('purged', { ...selection, ...purged });
    return purged;
  }

  /** Reads from disk again what somebody else has changed there. */
  async forget(): Promise<void> {
    this.#index.forget();
    this.#shelf.forget();
    await this.space.survey();
  }

  /** Stops transfers and background work. */
  async close(): Promise<void> {
    for (const timer of this.#timers.values()) timer.cancel();
    this.blobs.close();
    this.manifests.close();
    await this.#scrubber?.close();
  }

  async #sweep(): Promise<void> {
    const held = new Set<Digest>();
    for await (const { digest } of this.#store.list()) held.add(digest);
    const removed = await sweepRecords({
      layout: this.#layout,
      index: this.#index,
      mirrors: this.#mirrors.map(({ name }) => name),
      isHeld: (digest) => held.has(digest),
      olderThan: new Date(this.#options.clock.now().getTime() - sweepIntervalMs),
    });
    if (removed > 0)
      this.#options.logger.info('records of content that is gone removed', { removed });
  }

  #repeat(name: string, intervalMs: number, work: () => Promise<void>): void {
    const timer = this.#options.clock.after(intervalMs, () => {
      this.#background(name, work);
      this.#repeat(name, intervalMs, work);
    });
    this.#timers.set(name, timer);
  }

  #background(name: string, work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      this.#options.logger.warn('background work failed', { work: name, ...errorFields(error) });
    });
  }
}
