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
  readonly #help: string;
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, { readonly labels: Labels<T>; readonly tally: Tally }>();

  constructor({ buckets, ...options }: TalliedHistogramOptions<T>) {
    super({ ...options, buckets: [...buckets] });
    this.#name = options.name;
    this.#help = options.help;
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

  /** What the registry and `get()` of prom-client make their answers of; its types do not know it. */
  getForPromString(): Promise<unknown> {
    return Promise.resolve({
      name: this.#name,
      help: this.#help,
      type: 'histogram',
      aggregator: 'sum',
      values: [...this.#series.values()].flatMap((one) => this.#values(one)),
    });
  }

  #values({ labels, tally }: { readonly labels: Labels<T>; readonly tally: Tally }): Part[] {
    const part = (name: string, value: number, own: Part['labels'] = {}): Part => {
      return { metricName: `${this.#name}_${name}`, value, labels: own, sharedLabels: labels };
    };
    let total = 0;
    const buckets = tally.counts.map((count, index) => {
      total += count;
      return part('bucket', total, { le: this.#bounds[index] ?? '+Inf' });
    });
    return [...buckets, part('sum', tally.sum), part('count', total)];
  }
}

/** One line of the exposition. */
interface Part {
  readonly metricName: string;
  readonly value: number;
  readonly labels: Record<string, string | number>;
  readonly sharedLabels: Readonly<Record<string, string>>;
}
