/**
 * What an edge counts for Prometheus. Labels take values of the configuration and of closed sets
 * alone: no client, repository or header can add a series.
 */
import { Counter, type Registry } from 'prom-client';
import type { CacheStatus } from '../net/cache-status.ts';
import { TalliedHistogram, type Tally as Latency } from '../telemetry/tallied-histogram.ts';
import type { DenialReason, ExchangeKind, FinishedExchange } from './observer.ts';

/** From a warm manifest to a layer over a slow line. */
const latencyBuckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300];

/** Answers whose bytes the upstream did not have to send for them. */
const savingStatuses: ReadonlySet<CacheStatus> = new Set([
  'hit',
  'hit-stale',
  'revalidated',
  'miss-collapsed',
]);

/** Whether the bytes of an answer came without the upstream's sending them for it. */
export function savesBytes(cache: CacheStatus | 'none' | undefined): boolean {
  return cache !== undefined && cache !== 'none' && savingStatuses.has(cache);
}

export class EdgeMetrics {
  /** By the values of all labels. Counters are made of them when somebody asks: it costs a tenth. */
  readonly #tallies = new Map<string, Tally>();
  readonly #firstByte: TalliedHistogram<'kind' | 'source'>;
  readonly #whole: TalliedHistogram<'kind' | 'source'>;
  readonly #denied: Counter<'reason'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#addCounters(registers);
    this.#firstByte = new TalliedHistogram({
      name: 'mirrorgate_first_byte_seconds',
      help: 'From the request to the head of its answer.',
      labelNames: ['kind', 'source'],
      buckets: latencyBuckets,
      registers,
    });
    this.#whole = new TalliedHistogram({
      name: 'mirrorgate_request_duration_seconds',
      help: 'From the request to the last byte of its answer, at the pace of the client.',
      labelNames: ['kind', 'source'],
      buckets: latencyBuckets,
      registers,
    });
    this.#denied = new Counter({
      name: 'mirrorgate_denied_connections_total',
      help: 'Connections closed before a request, for want of a right or of room.',
      labelNames: ['reason'],
      registers,
    });
  }

  finished(exchange: FinishedExchange): void {
    const { cache, sentBytes } = exchange;
    const saves = savesBytes(cache);
    const tally = this.#tally(exchange);
    tally.requests += 1;
    tally.sentBytes += sentBytes;
    if (saves) tally.savedBytes += sentBytes;
    if (!exchange.isComplete) tally.broken += 1;
    tally.firstByte.observe(exchange.firstByteMs / 1000);
    tally.whole.observe(exchange.durationMs / 1000);
  }

  denied(reason: DenialReason): void {
    this.#denied.inc({ reason });
  }

  #tally(exchange: FinishedExchange): Tally {
    const { kind, status } = exchange;
    const mirror = exchange.mirror ?? 'none';
    const cache = exchange.cache ?? 'none';
    const code = String(status ?? 'none');
    const key = `${mirror}\n${kind}\n${cache}\n${code}`;
    const known = this.#tallies.get(key);
    if (known !== undefined) return known;
    const saves = savesBytes(exchange.cache);
    const source = exchange.cache === undefined ? 'none' : saves ? 'cache' : 'upstream';
    const tally: Tally = {
      firstByte: this.#firstByte.tally({ kind, source }),
      whole: this.#whole.tally({ kind, source }),
      mirror,
      kind,
      cache,
      code,
      requests: 0,
      sentBytes: 0,
      savedBytes: 0,
      broken: 0,
    };
    this.#tallies.set(key, tally);
    return tally;
  }

  #addCounters(registers: Registry[]): void {
    const tallies = this.#tallies;
    new Counter({
      name: 'mirrorgate_requests_total',
      help: 'Requests answered, by mirror or service, kind, cache status and HTTP status.',
      labelNames: ['mirror', 'kind', 'cache', 'code'],
      registers,
      collect() {
        this.reset();
        for (const { mirror, kind, cache, code, requests } of tallies.values()) {
          this.inc({ mirror, kind, cache, code }, requests);
        }
      },
    });
    new Counter({
      name: 'mirrorgate_client_sent_bytes_total',
      help: 'Bytes sent to clients, headers included.',
      labelNames: ['mirror', 'kind', 'cache'],
      registers,
      collect() {
        this.reset();
        for (const { mirror, kind, cache, sentBytes } of tallies.values()) {
          this.inc({ mirror, kind, cache }, sentBytes);
        }
      },
    });
    new Counter({
      name: 'mirrorgate_saved_bytes_total',
      help: 'Bytes sent to clients that no upstream had to send for them.',
      labelNames: ['mirror', 'kind'],
      registers,
      collect() {
        this.reset();
        for (const { mirror, kind, cache, savedBytes } of tallies.values()) {
          if (savesBytes(cache)) this.inc({ mirror, kind }, savedBytes);
        }
      },
    });
    new Counter({
      name: 'mirrorgate_broken_responses_total',
      help: 'Answers that ended before their last byte, by either side.',
      labelNames: ['mirror', 'kind'],
      registers,
      collect() {
        this.reset();
        for (const { mirror, kind, broken } of tallies.values()) {
          if (broken > 0) this.inc({ mirror, kind }, broken);
        }
      },
    });
  }
}

/** What was answered alike in everything that is counted apart. */
interface Tally {
  readonly firstByte: Latency;
  readonly whole: Latency;
  readonly mirror: string;
  readonly kind: ExchangeKind;
  readonly cache: CacheStatus | 'none';
  readonly code: string;
  requests: number;
  sentBytes: number;
  savedBytes: number;
  broken: number;
}
