/**
 * What an edge counts for Prometheus. Labels take values of the configuration and of closed sets
 * alone: no client, repository or header can add a series.
 */
import { Counter, Histogram, type Registry } from 'prom-client';
import type { CacheStatus } from '../net/cache-status.ts';
import type { DenialReason, FinishedExchange } from './observer.ts';

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
export function savesBytes(cache: CacheStatus | undefined): boolean {
  return cache !== undefined && savingStatuses.has(cache);
}

export class EdgeMetrics {
  readonly #requests: Counter<'mirror' | 'kind' | 'cache' | 'code'>;
  readonly #sentBytes: Counter<'mirror' | 'kind' | 'cache'>;
  readonly #savedBytes: Counter<'mirror' | 'kind'>;
  readonly #broken: Counter<'mirror' | 'kind'>;
  readonly #firstByte: Histogram<'kind' | 'source'>;
  readonly #whole: Histogram<'kind' | 'source'>;
  readonly #denied: Counter<'reason'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#requests = new Counter({
      name: 'mirrorgate_requests_total',
      help: 'Requests answered, by mirror or service, kind, cache status and HTTP status.',
      labelNames: ['mirror', 'kind', 'cache', 'code'],
      registers,
    });
    this.#sentBytes = new Counter({
      name: 'mirrorgate_client_sent_bytes_total',
      help: 'Bytes sent to clients, headers included.',
      labelNames: ['mirror', 'kind', 'cache'],
      registers,
    });
    this.#savedBytes = new Counter({
      name: 'mirrorgate_saved_bytes_total',
      help: 'Bytes sent to clients that no upstream had to send for them.',
      labelNames: ['mirror', 'kind'],
      registers,
    });
    this.#broken = new Counter({
      name: 'mirrorgate_broken_responses_total',
      help: 'Answers that ended before their last byte, by either side.',
      labelNames: ['mirror', 'kind'],
      registers,
    });
    this.#firstByte = new Histogram({
      name: 'mirrorgate_first_byte_seconds',
      help: 'From the request to the head of its answer.',
      labelNames: ['kind', 'source'],
      buckets: latencyBuckets,
      registers,
    });
    this.#whole = new Histogram({
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
    const { kind, cache, sentBytes } = exchange;
    const mirror = exchange.mirror ?? 'none';
    const cacheLabel = cache ?? 'none';
    const code = String(exchange.status ?? 'none');
    this.#requests.inc({ mirror, kind, cache: cacheLabel, code });
    this.#sentBytes.inc({ mirror, kind, cache: cacheLabel }, sentBytes);
    if (savesBytes(cache)) this.#savedBytes.inc({ mirror, kind }, sentBytes);
    if (!exchange.isComplete) this.#broken.inc({ mirror, kind });
    const source = cache === undefined ? 'none' : savesBytes(cache) ? 'cache' : 'upstream';
    this.#firstByte.observe({ kind, source }, exchange.firstByteMs / 1000);
    this.#whole.observe({ kind, source }, exchange.durationMs / 1000);
  }

  denied(reason: DenialReason): void {
    this.#denied.inc({ reason });
  }
}
