/** Reads the counters once a minute and writes what came in it into the history. */
import { errorFields, type Logger } from '../telemetry/logger.ts';
import type { Clock, Timer } from '../time/clock.ts';
import type { History } from './history.ts';
import type { HistoryPoint } from './history-point.ts';
import type { MetricsCollector } from './metrics-collector.ts';
import { countedTraffic, trafficSince, type TrafficByMirror } from './traffic.ts';

export interface TrafficRecorderOptions {
  readonly metrics: MetricsCollector;
  readonly history: History;
  readonly clock: Clock;
  readonly logger: Logger;
}

const minuteMs = 60_000;

export class TrafficRecorder {
  readonly #options: TrafficRecorderOptions;
  #recorded: TrafficByMirror = new Map();
  #timer: Timer | undefined;

  constructor(options: TrafficRecorderOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock, logger } = this.#options;
    const now = clock.now().getTime();
    this.#timer = clock.after(minuteMs - (now % minuteMs), () => {
      this.record()
        .catch((error: unknown) => logger.warn('traffic not recorded', errorFields(error)))
        .finally(() => this.start());
    });
  }

  /** Writes down what has come since the last time. */
  async record(): Promise<void> {
    const { history, clock } = this.#options;
    const counted = await this.#count();
    const mirrors = trafficSince(this.#recorded, counted);
    this.#recorded = counted;
    // The minute that has ended, not the one that has just begun.
    const at = startOfMinute(new Date(clock.now().getTime() - minuteMs / 2));
    if (mirrors.size > 0) history.add({ at, mirrors });
  }

  /** What is recorded after `since`, and of this minute what has come so far. */
  async after(since: Date): Promise<readonly HistoryPoint[]> {
    const { history, clock } = this.#options;
    const mirrors = trafficSince(this.#recorded, await this.#count());
    const current = { at: startOfMinute(clock.now()), mirrors };
    return [...history.after(since), current];
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#options.history.close();
  }

  async #count(): Promise<TrafficByMirror> {
    const registry = await this.#options.metrics.collect();
    return countedTraffic(await registry.getMetricsAsJSON());
  }
}

function startOfMinute(at: Date): Date {
  return new Date(Math.floor(at.getTime() / minuteMs) * minuteMs);
}
