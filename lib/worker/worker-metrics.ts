/** What a worker counts for Prometheus: its upstreams and its part of the cache. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Cache } from '../cache/cache.ts';
import type { UpstreamObserver } from '../upstream/observer.ts';
import type { MirrorSet } from './mirror-set.ts';

const latencyBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Counts what `upstreamObserver` is told. */
export function upstreamMetrics(registry: Registry): UpstreamObserver {
  const registers = [registry];
  const requests = new Counter({
    name: 'mirrorgate_upstream_requests_total',
    help: 'HTTP requests to upstreams, token servers and redirects, by class of their status.',
    labelNames: ['mirror', 'status'],
    registers,
  });
  const receivedBytes = new Counter({
    name: 'mirrorgate_upstream_received_bytes_total',
    help: 'Bytes of bodies that came from upstreams.',
    labelNames: ['mirror'],
    registers,
  });
  const failures = new Counter({
    name: 'mirrorgate_upstream_failures_total',
    help: 'What could not be had of an upstream, by the code of the error.',
    labelNames: ['mirror', 'upstream', 'code'],
    registers,
  });
  const firstByte = new Histogram({
    name: 'mirrorgate_upstream_first_byte_seconds',
    help: 'From a request to an upstream to the head of its answer.',
    labelNames: ['mirror'],
    buckets: latencyBuckets,
    registers,
  });
  return {
    answered(mirror, status, durationMs) {
      requests.inc({ mirror, status: statusClass(status) });
      firstByte.observe({ mirror }, durationMs / 1000);
    },
    received: (mirror, sizeBytes) => receivedBytes.inc({ mirror }, sizeBytes),
    failed: (mirror, upstream, code) => failures.inc({ mirror, upstream, code }),
  };
}

/** An upstream may send any three digits: all that matter apart are kept apart. */
function statusClass(status: number | undefined): string {
  if (status === undefined) return 'none';
  if (status === 401 || status === 404 || status === 429) return String(status);
  return `${Math.floor(status / 100)}xx`;
}

/** Tells, whenever it is asked, how the mirrors' upstreams stand. */
export function addMirrorMetrics(registry: Registry, mirrors: MirrorSet): void {
  const registers = [registry];
  const labelNames = ['mirror', 'upstream', 'account'] as const;
  new Gauge({
    name: 'mirrorgate_upstream_out',
    help: '1 while an upstream is not asked because it did not answer lately.',
    ...{ registers, labelNames, aggregator: 'max' as const },
    collect() {
      this.reset();
      for (const { labels, state } of ways(mirrors)) {
        this.set(labels, state.breaker === 'closed' ? 0 : 1);
      }
    },
  });
  new Gauge({
    name: 'mirrorgate_upstream_pulls_left',
    help: 'Pulls left of the quota, as the upstream last said.',
    ...{ registers, labelNames, aggregator: 'min' as const },
    collect() {
      this.reset();
      for (const { labels, state } of ways(mirrors)) {
        const remaining = state.rateLimit?.remaining;
        if (remaining !== undefined) this.set(labels, remaining);
      }
    },
  });
  new Gauge({
    name: 'mirrorgate_upstream_pulls_limit',
    help: 'Pulls per window of the quota, as the upstream last said.',
    ...{ registers, labelNames, aggregator: 'max' as const },
    collect() {
      this.reset();
      for (const { labels, state } of ways(mirrors)) {
        const limit = state.rateLimit?.limit;
        if (limit !== undefined) this.set(labels, limit);
      }
    },
  });
}

function ways(mirrors: MirrorSet) {
  return [...mirrors.states()].flatMap(([mirror, states]) =>
    states.map((state) => {
      const { host: upstream, account = 'anonymous' } = state;
      return { labels: { mirror, upstream, account }, state };
    }),
  );
}

/** Tells, whenever it is asked, how the cache stands. */
export function addCacheMetrics(registry: Registry, cache: Cache): void {
  const { space } = cache;
  const gauges = {
    mirrorgate_cache_bytes: ['What the cached content takes on disk.', () => space.usedBytes],
    mirrorgate_cache_contents: ['Pieces of cached content.', () => space.contents().length],
  } as const;
  const counters = {
    mirrorgate_cache_evicted_bytes_total: [
      'Bytes removed to make room.',
      () => space.evicted.bytes,
    ],
    mirrorgate_cache_evictions_total: [
      'Pieces of content removed to make room.',
      () => space.evicted.contents,
    ],
    mirrorgate_cache_scrubbed_bytes_total: [
      'Bytes read again in the background to find damage.',
      () => cache.scrubOutcome.checkedBytes,
    ],
    mirrorgate_cache_damaged_total: [
      'Pieces of content that scrubbing found damaged and set aside.',
      () => cache.scrubOutcome.damaged,
    ],
  } as const;
  for (const [name, [help, read]] of Object.entries(gauges)) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  }
  for (const [name, [help, read]] of Object.entries(counters)) {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }
}
