/**
 * A rate that several takers share. What is taken is gone at once, and whoever takes more than
 * there is waits until it has come in: debts are queued in the order of the takers, so the rate
 * holds over any number of them.
 */

/** Room for this much of a second may be saved up while nobody takes. */
const burstSeconds = 0.1;

/** One piece of a body passes without waiting, however low the rate is. */
const minBurst = 64 * 1024;

export class TokenBucket {
  readonly #nowMs: () => number;
  #perSecond: number;
  #balance: number;
  #atMs: number;

  /** `nowMs` must never go back. */
  constructor(perSecond: number, nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
    this.#perSecond = perSecond;
    this.#atMs = nowMs();
    this.#balance = this.#burst;
  }

  get perSecond(): number {
    return this.#perSecond;
  }

  /** From now on; debts stand. */
  setRate(perSecond: number): void {
    this.#earn();
    this.#perSecond = perSecond;
    this.#balance = Math.min(this.#balance, this.#burst);
  }

  /** Takes `amount`. Returns the milliseconds until it is paid for, 0 where it is already. */
  take(amount: number): number {
    this.#earn();
    this.#balance -= amount;
    return this.#balance >= 0 ? 0 : (-this.#balance / this.#perSecond) * 1000;
  }

  /** Whether it holds all that it can: as good as a new one. */
  get isFull(): boolean {
    this.#earn();
    return this.#balance >= this.#burst;
  }

  get #burst(): number {
    return Math.max(minBurst, this.#perSecond * burstSeconds);
  }

  #earn(): void {
    const nowMs = this.#nowMs();
    const earned = ((nowMs - this.#atMs) / 1000) * this.#perSecond;
    this.#balance = Math.min(this.#burst, this.#balance + earned);
    this.#atMs = nowMs;
  }
}

/** A rate that may be set, changed and lifted while it is in use. */
export class Throttle {
  #bucket: TokenBucket | undefined;

  /** Undefined lifts it. */
  setRate(perSecond: number | undefined): void {
    if (perSecond === undefined) this.#bucket = undefined;
    else if (this.#bucket === undefined) this.#bucket = new TokenBucket(perSecond);
    else this.#bucket.setRate(perSecond);
  }

  /** As {@link TokenBucket.take}; 0 without a rate. */
  take(amount: number): number {
    return this.#bucket?.take(amount) ?? 0;
  }
}
