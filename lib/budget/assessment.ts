/** What the month's use means: which stages are reached, and where it will end. */
import type { BandwidthConfiguration } from '../config/configuration.ts';
import type { Period } from './period.ts';
import type { BudgetMode } from './usage.ts';

export interface Assessment {
  /** Of the budget; undefined where there is none. */
  readonly share: number | undefined;
  readonly mode: BudgetMode;
  /** For all clients together; undefined where they are not throttled. */
  readonly totalBytesPerSecond: number | undefined;
  /** The last stage that was reached. */
  readonly stage: BandwidthConfiguration['stages'][number] | undefined;
  /** At the pace so far, by the end of the month. */
  readonly forecastBytes: number;
}

/** Whoever is throttled still gets something: 1 Mbit/s. */
const minThrottle = 125_000;

/** Before this much of a month has passed, its pace says nothing yet. */
const minElapsedMs = 3_600_000;

export function assess(
  { monthlyBytes, stages }: Pick<BandwidthConfiguration, 'monthlyBytes' | 'stages'>,
  usedBytes: number,
  { period, now }: { readonly period: Period; readonly now: Date },
): Assessment {
  const share = monthlyBytes === undefined ? undefined : usedBytes / monthlyBytes;
  const reached = stages
    .filter((stage) => share !== undefined && share >= stage.share)
    .toSorted((left, right) => left.share - right.share);
  const has = (action: string): boolean => reached.some((stage) => stage.action === action);
  const throttle = reached.findLast(({ action }) => action === 'throttle');
  const leftSeconds = Math.max(1, (period.end.getTime() - now.getTime()) / 1000);
  const spread = ((monthlyBytes ?? 0) - usedBytes) / leftSeconds;
  return {
    share,
    mode: has('refuse') ? 'refuse' : has('hits-only') ? 'hits-only' : 'open',
    totalBytesPerSecond: throttle && (throttle.bytesPerSecond ?? rounded(spread)),
    stage: reached.at(-1),
    forecastBytes: forecast(usedBytes, { period, now }),
  };
}

function forecast(
  usedBytes: number,
  { period, now }: { readonly period: Period; readonly now: Date },
): number {
  const elapsedMs = Math.max(minElapsedMs, now.getTime() - period.start.getTime());
  const wholeMs = period.end.getTime() - period.start.getTime();
  return Math.round(usedBytes * Math.max(1, wholeMs / elapsedMs));
}

/** To two digits, so that the rate is not a new one every second. */
function rounded(bytesPerSecond: number): number {
  return Math.max(minThrottle, Number(bytesPerSecond.toPrecision(2)));
}
