/** What `status` tells of the month's traffic. */
import type { Assessment } from '../budget/assessment.ts';
import type { Ledger } from '../budget/ledger.ts';
import type { BudgetMode } from '../budget/usage.ts';
import type { BandwidthConfiguration, BandwidthStage } from '../config/configuration.ts';

export interface BandwidthStatus {
  readonly since: Date;
  readonly until: Date;
  /** What counts against the budget. */
  readonly usedBytes: number;
  /** What clients were sent, as the sockets count it. */
  readonly sentBytes: number;
  /** Whose counter is the budget's, where one is. */
  readonly interface: string | undefined;
  readonly monthlyBytes: number | undefined;
  /** At the pace so far, by the end of the month. */
  readonly forecastBytes: number;
  readonly mode: BudgetMode;
  readonly stage: BandwidthStage | undefined;
  /** For all clients together, while they are throttled. */
  readonly totalBytesPerSecond: number | undefined;
  /** Those that were sent most. */
  readonly clients: readonly SentTo[];
  readonly mirrors: readonly SentTo[];
  readonly images: readonly SentTo[];
}

export interface SentTo {
  readonly name: string;
  readonly bytes: number;
}

const shownRows = 20;

export function bandwidthStatus(
  configuration: BandwidthConfiguration,
  ledger: Ledger,
  { forecastBytes, mode, stage, totalBytesPerSecond }: Assessment,
): BandwidthStatus {
  const { monthlyBytes, interface: name } = configuration;
  const { period, sentBytes, interfaceBytes, clients, mirrors, images } = ledger;
  return {
    since: period.start,
    until: period.end,
    usedBytes: name === undefined ? sentBytes : interfaceBytes,
    sentBytes,
    interface: name,
    monthlyBytes,
    forecastBytes,
    mode,
    stage,
    totalBytesPerSecond,
    clients: rows(clients.top(shownRows)),
    mirrors: rows(mirrors.top(shownRows)),
    images: rows(images.top(shownRows)),
  };
}

function rows(top: readonly (readonly [string, number])[]): SentTo[] {
  return top.map(([name, bytes]) => ({ name, bytes }));
}
