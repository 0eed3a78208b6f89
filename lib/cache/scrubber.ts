/**
 * Reads and hashes everything in the cache once per period, in the background, and sets aside what
 * has rotted: a disk that flips a bit tells nobody. What is set aside is fetched again when asked.
 */
import { digestOf, type Digest } from '../oci/digest.ts';
import type { BlobStore } from '../store/blob-store.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import type { Clock, Timer } from '../time/clock.ts';
import type { BlobSize } from './cache-space.ts';
import { isIntact } from './content-check.ts';

export interface ScrubberOptions {
  readonly store: BlobStore;
  /** What there is to check; see CacheSpace. */
  readonly contents: () => readonly BlobSize[];
  readonly periodMs: number;
  /** Told of what was set aside. */
  readonly onDamaged: (digest: Digest) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface ScrubOutcome {
  readonly checkedBytes: number;
  readonly damaged: number;
}

/** Never faster than this, whatever the period: clients come first. */
const maxBytesPerSecond = 32 * 1024 * 1024;

/** Between two rounds; each takes up where the one before it ended. */
const restMs = 60_000;

export class Scrubber {
  readonly #options: ScrubberOptions;
  readonly #closing = new AbortController();
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();
  /** The last digest checked; content is taken in the order of digests. */
  #cursor: string;
  #dueBytes = 0;
  readonly #outcome = { checkedBytes: 0, damaged: 0 };

  constructor(options: ScrubberOptions) {
    this.#options = options;
    // Anywhere: one that is started often would else check the same beginning for ever.
    this.#cursor = digestOf(Buffer.from(options.clock.now().toISOString()));
  }

  /** What was read, and what of it was set aside, since the process started. */
  get outcome(): ScrubOutcome {
    return this.#outcome;
  }

  start(): void {
    const { clock } = this.#options;
    this.#timer = clock.after(restMs, () => {
      this.#running = this.#round().finally(() => {
        if (!this.#closing.signal.aborted) this.start();
      });
    });
  }

  /** Resolves when the content that is being read is let go. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#closing.abort();
    await this.#running;
  }

  /** Checks the share of the cache that one rest stands for. */
  async #round(): Promise<void> {
    const { contents, periodMs, logger } = this.#options;
    try {
      const entries = contents().toSorted((left, right) => (left.digest < right.digest ? -1 : 1));
      const totalBytes = entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      this.#dueBytes += (totalBytes * restMs) / periodMs;
      const rest = entries.filter(({ digest }) => digest > this.#cursor);
      for (const { digest, sizeBytes } of rest.length > 0 ? rest : entries) {
        if (this.#dueBytes <= 0) break;
        await this.#check(digest);
        this.#dueBytes -= sizeBytes;
        this.#outcome.checkedBytes += sizeBytes;
        this.#cursor = digest;
      }
    } catch (error) {
      if (!this.#closing.signal.aborted) logger.warn('scrub interrupted', errorFields(error));
    }
  }

  async #check(digest: Digest): Promise<void> {
    const { store, onDamaged, logger } = this.#options;
    const blob = await store.open(digest);
    if (blob === undefined) return;
    try {
      const pace = { bytesPerSecond: maxBytesPerSecond, signal: this.#closing.signal };
      if (await isIntact(blob, digest, pace)) return;
    } finally {
      await blob.close();
    }
    logger.error('damaged content found by scrubbing and set aside', { digest });
    this.#outcome.damaged += 1;
    await store.setAside(digest);
    onDamaged(digest);
  }
}
