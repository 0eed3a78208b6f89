/**
 * When the checks of one certificate run: one at a time, on demand or at an appointed time, and
 * never two for demands that one can meet. What a check does is none of its business.
 */
import type { Clock, Timer } from '../time/clock.ts';

export interface CheckQueueOptions {
  readonly clock: Clock;
  /** Must not reject. */
  readonly check: () => Promise<void>;
  /** The first check waits for it. Must not reject. */
  readonly after?: Promise<void> | undefined;
}

export class CheckQueue {
  readonly #clock: Clock;
  readonly #check: () => Promise<void>;
  /** Settles when nothing runs or waits any more. */
  #running: Promise<void>;
  #queued: Promise<void> | undefined;
  #timer: Timer | undefined;
  #nextAt: Date | undefined;

  constructor({ clock, check, after = Promise.resolve() }: CheckQueueOptions) {
    this.#clock = clock;
    this.#check = check;
    this.#running = after;
  }

  /** Whether a check waits for what runs. */
  get isQueued(): boolean {
    return this.#queued !== undefined;
  }

  /** For when the last appointment was made. */
  get nextAt(): Date | undefined {
    return this.#nextAt;
  }

  /** Calls that come while a check runs share the one after it. */
  run(): Promise<void> {
    if (this.#queued === undefined) {
      this.#queued = this.#running.then(async () => {
        this.#queued = undefined;
        this.#timer?.cancel();
        await this.#check();
      });
      this.#running = this.#queued;
    }
    return this.#queued;
  }

  /** Resolves when `work`, which no check overlaps, is done or has failed. */
  async runBetween(work: () => Promise<void>): Promise<void> {
    this.#running = this.#running.then(work).catch(() => undefined);
    await this.#running;
  }

  /** Appoints the next check, in place of the last appointment; it lapses where one runs before. */
  appoint(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(delayMs, () => void this.run());
    this.#nextAt = new Date(this.#clock.now().getTime() + delayMs);
  }

  /** Keeps no appointment; resolves when what runs or waits is through. Idempotent. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    await this.#running;
  }
}
