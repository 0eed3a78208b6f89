/**
 * A histogram of prom-client that is made of plain sums when somebody asks. To observe by its own
 * method checks and hashes the labels each time, which costs more than the rest of a request's
 * accounting.
 */
import { Histogram, type HistogramConfiguration } from 'prom-client';

export interface TalliedHistogramOptions<T extends string> extends Pick<
  HistogramConfiguration<T>,
  'name' | 'help' | 'labelNames' | 'registers'
> {
  /** Upper bounds, in increasing order, without the last, which is infinite. */
  readonly buckets: readonly number[];
}

/** The observations under one set of labels. */
export class Tally {
  readonly #bounds: readonly number[];
  /** How many fell into each bucket and not the one before; the last has no upper bound. */
  readonly counts: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.counts = [...bounds, Infinity].map(() => 0);
  }

  observe(value: number): void {
    let index = 0;
    while (index < this.#bounds.length && value > (this.#bounds[index] ?? Infinity)) index += 1;
    this.counts[index] = (this.counts[index] ?? 0) + 1;
    this.sum += value;
  }
}

type Labels<T extends string> = Readonly<Record<T, string>>;

export class TalliedHistogram<T extends string> extends Histogram<T> {
  readonly #name: string;
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, { readonly labels: Labels<T>; readonly tally: Tally }>();

  constructor({ buckets, ...options }: TalliedHistogramOptions<T>) {
    super({ ...options, buckets: [...buckets] });
    this.#name = options.name;
    this.#bounds = buckets;
  }

  /** Where what has these labels is observed; to be kept by who observes it. */
  tally(labels: Labels<T>): Tally {
    const key = JSON.stringify(labels);
    const known = this.#series.get(key);
    if (known !== undefined) return known.tally;
    const tally = new Tally(this.#bounds);
    this.#series.set(key, { labels, tally });
    return tally;
  }

  override async get(): ReturnType<Histogram<T>['get']> {
    const empty = await super.get();
    return { ...empty, values: [...this.#series.values()].flatMap((one) => this.#values(one)) };
  }

  /** What `registry.metrics()` asks in place of {@link get}, though its types do not know it. */
  getForPromString(): ReturnType<Histogram<T>['get']> {
    return this.get();
  }

  #values({ labels, tally }: { readonly labels: Labels<T>; readonly tally: Tally }) {
    let total = 0;
    const buckets = tally.counts.map((count, index) => {
      total += count;
      return this.#value('bucket', total, { le: this.#bounds[index] ?? '+Inf', ...labels });
    });
    return [...buckets, this.#value('sum', tally.sum, labels), this.#value('count', total, labels)];
  }

  #value(part: 'bucket' | 'sum' | 'count', value: number, labels: Partial<Record<T, string>>) {
    return { metricName: `${this.#name}_${part}`, value, labels };
  }
}
