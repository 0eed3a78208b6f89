/**
 * Adds up the metrics of every process. A process that was started again begins at zero: what its
 * predecessor had counted, as last read, is kept, so that no counter ever goes back.
 */
import { AggregatorRegistry, type Registry } from 'prom-client';

/** A registry as it crosses a process boundary: prom-client's own JSON. */
export type MetricsJson = readonly object[];

/** What one process counted, and since which start. */
export interface ProcessMetrics {
  /** Differs between a process and its heir. */
  readonly instance: string;
  readonly metrics: MetricsJson;
}

/** The answer of each process by its name; undefined where it gave none in time. */
export type Answers = ReadonlyMap<string, ProcessMetrics | undefined>;

const accumulating = new Set(['counter', 'histogram']);

export class MetricsCollector {
  readonly #own: Registry;
  readonly #ask: () => Promise<Answers>;
  readonly #last = new Map<string, ProcessMetrics>();
  #departed: MetricsJson = [];

  /** `own` are the supervisor's metrics. */
  constructor(own: Registry, ask: () => Promise<Answers>) {
    this.#own = own;
    this.#ask = ask;
  }

  /** All of them as one registry; of a process that is away, what it told last. */
  async collect(): Promise<Registry> {
    for (const [name, answer] of await this.#ask()) {
      if (answer !== undefined) await this.#take(name, answer);
    }
    const told = [...this.#last.values()].map(({ metrics }) => metrics);
    return aggregate([await this.#own.getMetricsAsJSON(), this.#departed, ...told]);
  }

  async #take(name: string, answer: ProcessMetrics): Promise<void> {
    const before = this.#last.get(name);
    this.#last.set(name, answer);
    if (before === undefined || before.instance === answer.instance) return;
    const counted = before.metrics.filter((metric) => accumulating.has(typeOf(metric)));
    this.#departed = await aggregate([this.#departed, counted]).getMetricsAsJSON();
  }
}

/** The types of prom-client know the values as `object` and no more. */
function aggregate(registries: readonly MetricsJson[]): Registry {
  return AggregatorRegistry.aggregate(registries as object[]);
}

function typeOf(metric: object): string {
  return String((metric as { readonly type?: unknown }).type);
}
