/**
 * Keeps the cache within its size and the disk above its floor: what was used longest ago goes
 * first, pinned content never. Removing content disturbs nobody who reads it. One instance owns
 * the content that it counts; what is on disk is the truth, this is its index.
 */
import { statfs } from 'node:fs/promises';
import type { FreeSpace } from '../config/scalars.ts';
import type { Digest } from '../oci/digest.ts';
import type { BlobStore } from '../store/blob-store.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';

export interface CacheSpaceOptions {
  readonly store: BlobStore;
  /** A folder on the disk whose free space counts. */
  readonly directory: string;
  /** Of the content that this instance owns; undefined: only `minFree` bounds it. */
  readonly maxSizeBytes: number | undefined;
  readonly minFree: FreeSpace;
  /** Whether a piece of content on disk is this instance's to count and to remove. */
  readonly owns: (digest: Digest) => boolean;
  /** Content that must stay. Asked when something is about to be removed. */
  readonly pinned: () => Promise<ReadonlySet<Digest>>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Room that a transfer was promised. */
export interface Reservation {
  /** Idempotent. */
  release(): void;
}

export interface BlobSize {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

interface Entry {
  readonly sizeBytes: number;
  /** When its use was last written to the disk. */
  notedAtMs: number;
}

/** Down to this share of the maximum, so that not every transfer has to make room. */
const lowWaterShare = 0.9;

/** How precisely recency survives a restart. */
const noteIntervalMs = 10 * 60_000;

export class CacheSpace {
  readonly #options: CacheSpaceOptions;
  /** Least recently used first. */
  readonly #entries = new Map<Digest, Entry>();
  #usedBytes = 0;
  #reservedBytes = 0;
  #evicting: Promise<void> = Promise.resolve();
  readonly #evicted = { contents: 0, bytes: 0 };

  constructor(options: CacheSpaceOptions) {
    this.#options = options;
  }

  /** What the content it owns takes on disk. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** What was removed to make room, since the process started. */
  get evicted(): { readonly contents: number; readonly bytes: number } {
    return this.#evicted;
  }

  /** Everything that it counts. */
  contents(): BlobSize[] {
    return [...this.#entries].map(([digest, { sizeBytes }]) => ({ digest, sizeBytes }));
  }

  /** Reads from the disk what there is, in the order of its use. Whoever needs room waits for it. */
  survey(): Promise<void> {
    const surveyed = this.#survey();
    this.#evicting = this.#evicting.then(() => surveyed).catch(() => undefined);
    return surveyed;
  }

  async #survey(): Promise<void> {
    const { store, owns } = this.#options;
    const before = new Set(this.#entries.keys());
    const found: { digest: Digest; sizeBytes: number; usedAtMs: number }[] = [];
    for await (const { digest, sizeBytes, usedAt } of store.list()) {
      if (owns(digest)) found.push({ digest, sizeBytes, usedAtMs: usedAt.getTime() });
    }
    found.sort((left, right) => left.usedAtMs - right.usedAtMs);
    const newer = new Map(this.#entries);
    this.#entries.clear();
    this.#usedBytes = 0;
    for (const { digest, sizeBytes, usedAtMs } of found) {
      this.#put(digest, { sizeBytes, notedAtMs: usedAtMs });
    }
    // Known already, or added while the disk was read: they stay the most recent.
    const isThere = new Set(this.#entries.keys());
    for (const [digest, entry] of newer) {
      if (isThere.has(digest) || !before.has(digest)) this.#put(digest, entry);
    }
  }

  /** Notes a use. The disk is told now and then only. */
  used(digest: Digest): void {
    const entry = this.#entries.get(digest);
    if (entry === undefined) return;
    this.#entries.delete(digest);
    this.#entries.set(digest, entry);
    const now = this.#options.clock.now();
    if (now.getTime() - entry.notedAtMs < noteIntervalMs) return;
    entry.notedAtMs = now.getTime();
    this.#options.store.touch(digest, now).catch((error: unknown) => {
      this.#options.logger.debug('use not noted', { digest, ...errorFields(error) });
    });
  }

  added(digest: Digest, sizeBytes: number): void {
    this.#put(digest, { sizeBytes, notedAtMs: this.#options.clock.now().getTime() });
  }

  /** It was removed or set aside by somebody else. */
  removed(digest: Digest): void {
    this.#usedBytes -= this.#entries.get(digest)?.sizeBytes ?? 0;
    this.#entries.delete(digest);
  }

  /**
   * Promises room for `sizeBytes`, removing what was used longest ago where it must. Undefined
   * where there is none to be had: the content then has to pass without being kept.
   */
  async reserve(sizeBytes: number): Promise<Reservation | undefined> {
    if (sizeBytes > (this.#options.maxSizeBytes ?? Infinity)) return undefined;
    this.#reservedBytes += sizeBytes;
    let isHeld = true;
    const release = (): void => {
      if (isHeld) this.#reservedBytes -= sizeBytes;
      isHeld = false;
    };
    await this.makeRoom(sizeBytes);
    if ((await this.#missingBytes(sizeBytes)) <= 0) return { release };
    release();
    return undefined;
  }

  /** Removes what was used longest ago until `sizeBytes` more fit, where that is possible. */
  makeRoom(sizeBytes = 0): Promise<void> {
    // One at a time: two that look at the same free space would both take it.
    this.#evicting = this.#evicting.then(() => this.#makeRoom(sizeBytes));
    return this.#evicting;
  }

  async #makeRoom(sizeBytes: number): Promise<void> {
    try {
      const missing = await this.#missingBytes(sizeBytes);
      // What cannot be had is not begun: it would empty the cache for nothing.
      if (missing > this.#usedBytes) return;
      if (missing > 0) await this.#evict(missing + this.#slackBytes());
    } catch (error) {
      this.#options.logger.warn('no room made', errorFields(error));
    }
  }

  /** How much must go before the reserved bytes, `sizeBytes` among them, fit. */
  async #missingBytes(sizeBytes: number): Promise<number> {
    const { directory, maxSizeBytes, minFree } = this.#options;
    const overSize =
      maxSizeBytes === undefined ? 0 : this.#usedBytes + this.#reservedBytes - maxSizeBytes;
    const { bavail, blocks, bsize } = await statfs(directory);
    const floor = 'share' in minFree ? minFree.share * blocks * bsize : minFree.bytes;
    const underFloor = floor + sizeBytes - bavail * bsize;
    return Math.max(overSize, underFloor);
  }

  #slackBytes(): number {
    const { maxSizeBytes } = this.#options;
    return (1 - lowWaterShare) * (maxSizeBytes ?? this.#usedBytes);
  }

  async #evict(wantedBytes: number): Promise<void> {
    const { store, pinned, logger } = this.#options;
    const keep = await pinned();
    let freedBytes = 0;
    let count = 0;
    for (const [digest, { sizeBytes }] of this.#entries) {
      if (freedBytes >= wantedBytes) break;
      if (keep.has(digest)) continue;
      await store.remove(digest);
      this.removed(digest);
      freedBytes += sizeBytes;
      count += 1;
      this.#evicted.contents += 1;
      this.#evicted.bytes += sizeBytes;
    }
    if (count > 0) logger.info('evicted', { contents: count, bytes: freedBytes });
    if (freedBytes < wantedBytes) {
      logger.debug('less evicted than wanted', { bytes: freedBytes, wantedBytes });
    }
  }

  #put(digest: Digest, entry: Entry): void {
    this.removed(digest);
    this.#entries.set(digest, entry);
    this.#usedBytes += entry.sizeBytes;
  }
}
