/** What the cache holds, read from the disk now and then, so that no page waits for the disk. */
import type { StoreLayout } from '../store/layout.ts';
import { readUsage, type CacheUsage } from '../store/usage.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';

export type ReadUsage = CacheUsage & { readonly readAt: Date };

export interface CacheContentsOptions {
  readonly layout: StoreLayout;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Never more often than this. */
const minFreshMs = 2_000;

/** A large cache takes seconds to read: no more than this share of the time goes into it. */
const readingShare = 0.05;

export class CacheContents {
  readonly #options: CacheContentsOptions;
  #usage: ReadUsage | undefined;
  #isReading = false;
  #freshMs = minFreshMs;

  constructor(options: CacheContentsOptions) {
    this.#options = options;
  }

  /** What was read last, and begins to read anew where that is old; undefined before the first. */
  latest(): ReadUsage | undefined {
    const age = this.#options.clock.now().getTime() - (this.#usage?.readAt.getTime() ?? 0);
    if (age > this.#freshMs && !this.#isReading) void this.#read();
    return this.#usage;
  }

  async #read(): Promise<void> {
    const { layout, clock, logger } = this.#options;
    this.#isReading = true;
    const begunAt = performance.now();
    try {
      const usage = await readUsage(layout);
      this.#usage = { ...usage, readAt: clock.now() };
    } catch (error) {
      logger.warn('cache contents not read', errorFields(error));
    } finally {
      this.#freshMs = Math.max(minFreshMs, (performance.now() - begunAt) / readingShare);
      this.#isReading = false;
    }
  }
}
