/** What the supervisor tells Prometheus of the month's traffic. */
import { Gauge, type Registry } from 'prom-client';
import type { BandwidthStatus } from './bandwidth-status.ts';

/** How far each mode goes; the higher, the less is let through. */
const modes = { open: 0, 'hits-only': 1, refuse: 2 } as const;

export function addBudgetMetrics(registry: Registry, bandwidth: () => BandwidthStatus): void {
  const figures: Readonly<
    Record<string, readonly [string, (status: BandwidthStatus) => number | undefined]>
  > = {
    mirrorgate_budget_used_bytes: [
      'Bytes that count against the budget of this month.',
      ({ usedBytes }) => usedBytes,
    ],
    mirrorgate_budget_limit_bytes: [
      'The budget of a month; absent where there is none.',
      ({ monthlyBytes }) => monthlyBytes,
    ],
    mirrorgate_budget_forecast_bytes: [
      'What will have counted by the end of the month, at the pace so far.',
      ({ forecastBytes }) => forecastBytes,
    ],
    mirrorgate_budget_mode: [
      '0 lets everything through, 1 what is cached, 2 no new image.',
      ({ mode }) => modes[mode],
    ],
  };
  for (const [name, [help, read]] of Object.entries(figures)) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        const value = read(bandwidth());
        if (value === undefined) this.remove();
        else this.set(value);
      },
    });
  }
}
