/** Sums by key, of a bounded number of keys: the least are let go first, into one rest. */

export interface TallyRecord {
  readonly sums: Readonly<Record<string, number>>;
  /** Of the keys that were let go. */
  readonly rest: number;
}

export class Tally {
  readonly #maxKeys: number;
  readonly #sums: Map<string, number>;
  #rest: number;

  constructor(maxKeys: number, record: TallyRecord = { sums: {}, rest: 0 }) {
    this.#maxKeys = maxKeys;
    this.#sums = new Map(Object.entries(record.sums));
    this.#rest = record.rest;
    this.#prune();
  }

  add(key: string, amount: number): void {
    this.#sums.set(key, (this.#sums.get(key) ?? 0) + amount);
    // Not at every key beyond: sorting them costs more than keeping some for a while.
    if (this.#sums.size > this.#maxKeys * 1.5) this.#prune();
  }

  get(key: string): number {
    return this.#sums.get(key) ?? 0;
  }

  get keys(): IterableIterator<string> {
    return this.#sums.keys();
  }

  /** The largest first. */
  top(count: number): [key: string, sum: number][] {
    return [...this.#sums].sort(([, left], [, right]) => right - left).slice(0, count);
  }

  record(): TallyRecord {
    this.#prune();
    return { sums: Object.fromEntries(this.#sums), rest: this.#rest };
  }

  #prune(): void {
    if (this.#sums.size <= this.#maxKeys) return;
    for (const [key, sum] of this.top(this.#sums.size).slice(this.#maxKeys)) {
      this.#sums.delete(key);
      this.#rest += sum;
    }
  }
}
