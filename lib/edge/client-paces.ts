/** How fast each client may be served: one bucket for all of its connections, one for all clients. */
import type { BudgetOrders } from '../budget/usage.ts';
import { Throttle, TokenBucket } from '../time/token-bucket.ts';
import type { Pace } from './paced-response.ts';

type Rates = Pick<
  BudgetOrders,
  'totalBytesPerSecond' | 'clientBytesPerSecond' | 'shares' | 'standardShare'
>;

export class ClientPaces {
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #total = new Throttle();
  #rates: Rates | undefined;

  setRates(rates: Rates): void {
    this.#rates = rates;
    this.#total.setRate(rates.totalBytesPerSecond);
    for (const [client, bucket] of this.#buckets) {
      const rate = this.#rateOf(client);
      if (rate === undefined) this.#buckets.delete(client);
      else bucket.setRate(rate);
    }
  }

  /** Holds as rates change. */
  paceOf(client: string): Pace {
    return {
      take: (bytes) => {
        const totalMs = this.#total.take(bytes);
        const ownMs = this.#bucketOf(client)?.take(bytes) ?? 0;
        return Math.max(totalMs, ownMs);
      },
    };
  }

  /** Forgets clients that have taken nothing lately: a full bucket is as good as a new one. */
  sweep(): void {
    for (const [client, bucket] of this.#buckets) {
      if (bucket.isFull) this.#buckets.delete(client);
    }
  }

  #bucketOf(client: string): TokenBucket | undefined {
    const known = this.#buckets.get(client);
    if (known !== undefined) return known;
    const rate = this.#rateOf(client);
    if (rate === undefined) return undefined;
    const bucket = new TokenBucket(rate);
    this.#buckets.set(client, bucket);
    return bucket;
  }

  #rateOf(client: string): number | undefined {
    if (this.#rates?.clientBytesPerSecond === undefined) return undefined;
    const { clientBytesPerSecond, shares, standardShare } = this.#rates;
    return clientBytesPerSecond * (shares.get(client) ?? standardShare);
  }
}
