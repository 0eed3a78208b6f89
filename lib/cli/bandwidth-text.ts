/** The part of `mirrorgate status` that is about the month's traffic. */
import type { BandwidthStatus, SentTo } from '../app/bandwidth-status.ts';
import { sizeText } from '../config/quantities.ts';
import { tableText } from './table.ts';
import type { Told } from './told.ts';

/** Of each table; `--json` has more. */
const shownRows = 5;

export function bandwidthText(status: Told<BandwidthStatus>): string[] {
  const { clients, images } = status;
  return [
    budgetLine(status),
    ...(clients.length === 0 ? [] : [tableText(['CLIENT', 'SENT'], rows(clients))]),
    ...(images.length === 0 ? [] : [tableText(['IMAGE', 'SENT'], rows(images))]),
  ];
}

function budgetLine(status: Told<BandwidthStatus>): string {
  const { usedBytes, monthlyBytes, forecastBytes, mode, since, until } = status;
  const { interface: counted, stage, totalBytesPerSecond } = status;
  const budget =
    monthlyBytes === undefined
      ? ''
      : ` of ${sizeText(monthlyBytes)} (${((usedBytes / monthlyBytes) * 100).toFixed(1)}%)`;
  const throttled =
    totalBytesPerSecond === undefined
      ? ''
      : `, throttled to ${((totalBytesPerSecond * 8) / 1e6).toFixed(1)} Mbit/s`;
  return [
    `bandwidth ${sizeText(usedBytes)}${budget}`,
    counted === undefined ? ' sent to clients' : ` sent by ${counted}`,
    ` since ${since.slice(0, 10)}, ${sizeText(forecastBytes)} expected by ${until.slice(0, 10)}`,
    stage === undefined ? '' : `, stage ${stage.action}`,
    mode === 'open' ? '' : ` (${mode === 'refuse' ? 'nothing new is served' : 'hits only'})`,
    throttled,
  ].join('');
}

function rows(sent: readonly SentTo[]): string[][] {
  return sent.slice(0, shownRows).map(({ name, bytes }) => [name, sizeText(bytes)]);
}
