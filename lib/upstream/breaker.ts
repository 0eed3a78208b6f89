/**
 * Remembers that an upstream is out, so that its time-out is paid once in a while and not by every
 * pull. After a pause one request tries; its outcome decides for all.
 */
import type { Clock } from '../time/clock.ts';

export type BreakerState = 'closed' | 'open' | 'trying';

/** Quick failures in a row that open it: a refused connection costs a millisecond. */
const toleratedFailures = 5;

/** A failure that took longer opens it at once. */
const slowFailureMs = 1_000;

const firstPauseMs = 5_000;
const longestPauseMs = 60_000;

export class Breaker {
  readonly #clock: Clock;
  #state: BreakerState = 'closed';
  #failures = 0;
  #pauseMs = firstPauseMs;
  #opensUntil = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Whole seconds until the next try; 0 where one may be made now. */
  get pauseSeconds(): number {
    return Math.max(0, Math.ceil((this.#opensUntil - this.#nowMs()) / 1000));
  }

  /**
   * Whether a request may be made now. Where it answers true while not closed, the caller makes
   * the one request that tries, and must report how it went.
   */
  admit(): boolean {
    if (this.#state === 'closed') return true;
    if (this.#state === 'trying' || this.#nowMs() < this.#opensUntil) return false;
    this.#state = 'trying';
    return true;
  }

  succeeded(): void {
    this.#state = 'closed';
    this.#failures = 0;
    this.#pauseMs = firstPauseMs;
  }

  /** `durationMs`: how long the failure took to show. */
  failed(durationMs: number): void {
    this.#failures += 1;
    if (this.#state === 'trying') {
      this.#pauseMs = Math.min(longestPauseMs, this.#pauseMs * 2);
    } else if (this.#failures < toleratedFailures && durationMs < slowFailureMs) {
      return;
    }
    this.#state = 'open';
    this.#opensUntil = this.#nowMs() + this.#pauseMs;
  }

  /** The request that tried ended without telling anything of the upstream. */
  undecided(): void {
    if (this.#state === 'trying') this.#state = 'open';
  }

  #nowMs(): number {
    return this.#clock.now().getTime();
  }
}
