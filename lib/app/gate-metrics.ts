/** What the supervisor tells Prometheus: certificates, roots, and whether its processes answer. */
import { Gauge, type Registry } from 'prom-client';
import { addBudgetMetrics } from './budget-metrics.ts';
import { addCaMetrics } from './ca-metrics.ts';
import type { WatchedGate } from './watched-gate.ts';

/** Each is read when it is asked for. */
export function addGateMetrics(registry: Registry, gate: () => WatchedGate): void {
  const registers = [registry];
  new Gauge({
    name: 'mirrorgate_ready',
    help: '1 while every listener is open.',
    registers,
    collect() {
      this.set(gate().isReady ? 1 : 0);
    },
  });
  new Gauge({
    name: 'mirrorgate_build_info',
    help: 'The running version; always 1.',
    labelNames: ['version'],
    registers,
    collect() {
      this.set({ version: gate().version }, 1);
    },
  });
  new Gauge({
    name: 'mirrorgate_cache_limit_bytes',
    help: 'What cache.maxSize allows; absent where only free space bounds the cache.',
    registers,
    collect() {
      const { maxSizeBytes } = gate().configuration.cache;
      if (maxSizeBytes === undefined) this.remove();
      else this.set(maxSizeBytes);
    },
  });
  addBandwidthMetrics(registry, gate);
  addCertificateMetrics(registry, gate);
  addCaMetrics(registry, gate);
  addBudgetMetrics(registry, () => gate().bandwidth);
}

function addBandwidthMetrics(registry: Registry, gate: () => WatchedGate): void {
  const registers = [registry];
  const numbers = [
    ['used', 'What counts against the budget of this month.', 'usedBytes'],
    ['budget', 'The budget of a month; absent where there is none.', 'monthlyBytes'],
    ['forecast', 'What this month will have used at the pace so far.', 'forecastBytes'],
  ] as const;
  for (const [name, help, key] of numbers) {
    new Gauge({
      name: `mirrorgate_bandwidth_${name}_bytes`,
      ...{ help, registers },
      collect() {
        const value = gate().bandwidth[key];
        if (value === undefined) this.remove();
        else this.set(value);
      },
    });
  }
}

function addCertificateMetrics(registry: Registry, gate: () => WatchedGate): void {
  const registers = [registry];
  const labelNames = ['site', 'issuer'];
  new Gauge({
    name: 'mirrorgate_certificate_expiry_timestamp_seconds',
    help: 'When the certificate that a site serves expires, in seconds since 1970.',
    ...{ registers, labelNames },
    collect() {
      this.reset();
      for (const { site, issuer, notAfter } of gate().certificates) {
        if (notAfter !== undefined) this.set({ site, issuer }, notAfter.getTime() / 1000);
      }
    },
  });
  new Gauge({
    name: 'mirrorgate_certificate_failing',
    help: '1 while the last attempt to renew the certificate of a site has failed.',
    ...{ registers, labelNames },
    collect() {
      this.reset();
      for (const { site, issuer, lastError } of gate().certificates) {
        this.set({ site, issuer }, lastError === undefined ? 0 : 1);
      }
    },
  });
}
