/** Who was turned away how often, for the operator: the busiest addresses, in bounded memory. */
import { Tally } from '../budget/tally.ts';

/** Addresses that are counted at a time; a scan of the internet must not grow them. */
const maxCounted = 1_000;
const maxTold = 100;

export class Denials {
  readonly #counts = new Tally(maxCounted);

  count(address: string): void {
    this.#counts.add(address, 1);
  }

  /** The busiest first. */
  top(): readonly (readonly [address: string, connections: number])[] {
    return this.#counts.top(maxTold);
  }
}
