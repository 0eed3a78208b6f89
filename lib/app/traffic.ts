/** Traffic of one mirror or service, as counted and as summed over a span. */

export interface Traffic {
  /** Of manifests and blobs, and of services. */
  readonly requests: number;
  /** Requests answered without the upstream's bytes. */
  readonly hits: number;
  readonly sentBytes: number;
  /** Of these, what no upstream had to send. */
  readonly savedBytes: number;
  /** What came from upstreams. */
  readonly upstreamBytes: number;
  /** Answered by a 5xx or 429. */
  readonly errors: number;
}

export type TrafficByMirror = ReadonlyMap<string, Traffic>;

export const noTraffic: Traffic = {
  requests: 0,
  hits: 0,
  sentBytes: 0,
  savedBytes: 0,
  upstreamBytes: 0,
  errors: 0,
};

const keys = Object.keys(noTraffic) as (keyof Traffic)[];

export function sumTraffic(parts: Iterable<Traffic>): Traffic {
  const sum = { ...noTraffic };
  for (const part of parts) for (const key of keys) sum[key] += part[key];
  return sum;
}

/** What came since `before`; mirrors where nothing did are left out. */
export function trafficSince(before: TrafficByMirror, now: TrafficByMirror): TrafficByMirror {
  const since = new Map<string, Traffic>();
  for (const [mirror, traffic] of now) {
    const earlier = before.get(mirror) ?? noTraffic;
    const grown = { ...noTraffic };
    for (const key of keys) grown[key] = Math.max(0, traffic[key] - earlier[key]);
    if (keys.some((key) => grown[key] > 0)) since.set(mirror, grown);
  }
  return since;
}

interface Sample {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number | undefined>>;
}

interface CountedMetric {
  readonly name: string;
  readonly values: readonly Sample[];
}

const savingCaches = new Set(['hit', 'hit-stale', 'revalidated', 'miss-collapsed']);
const countedKinds = new Set(['manifest', 'blob', 'service']);

/** What the metrics (prom-client's JSON) say of each mirror since the counters began. */
export function countedTraffic(metrics: readonly object[]): TrafficByMirror {
  const found = new Map<string, Record<keyof Traffic, number>>();
  const add = (mirror: unknown, key: keyof Traffic, value: number): void => {
    if (typeof mirror !== 'string' || mirror === 'none') return;
    const traffic = found.get(mirror) ?? { ...noTraffic };
    traffic[key] += value;
    found.set(mirror, traffic);
  };
  for (const { name, values } of metrics as readonly CountedMetric[]) {
    const key = byteMetrics[name];
    for (const { value, labels } of values) {
      if (key !== undefined) add(labels['mirror'], key, value);
      if (name !== 'mirrorgate_requests_total' || !countedKinds.has(String(labels['kind']))) {
        continue;
      }
      add(labels['mirror'], 'requests', value);
      if (savingCaches.has(String(labels['cache']))) add(labels['mirror'], 'hits', value);
      if (/^(?:5|429)/.test(String(labels['code']))) add(labels['mirror'], 'errors', value);
    }
  }
  return found;
}

const byteMetrics: Readonly<Record<string, keyof Traffic>> = {
  mirrorgate_client_sent_bytes_total: 'sentBytes',
  mirrorgate_saved_bytes_total: 'savedBytes',
  mirrorgate_upstream_received_bytes_total: 'upstreamBytes',
};
