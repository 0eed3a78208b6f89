/**
 * Random choices that can be made again: the seed is printed, and `MIRRORGATE_TEST_SEED` repeats
 * a run.
 */
import { randomInt } from 'node:crypto';

export class SeededRandom {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed;
    this.#state = seed >>> 0;
  }

  /** With the seed of the environment, else a fresh one; prints it beside `purpose`. */
  static announced(purpose: string): SeededRandom {
    const random = new SeededRandom(
      Number(process.env['MIRRORGATE_TEST_SEED'] ?? randomInt(2 ** 31)),
    );
    console.log(`      ${purpose}: MIRRORGATE_TEST_SEED=${random.seed}`);
    return random;
  }

  /** A whole number from 0 to `bound - 1` (mulberry32). */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new TypeError('nothing to pick from');
    return item;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }
}
