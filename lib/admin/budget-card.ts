/** The month's traffic: used, forecast, what the budget does about it, and who takes most. */
import type { BandwidthStatus } from '../app/bandwidth-status.ts';
import { sizeText } from '../config/quantities.ts';
import { leftText, meterHtml, shareText, timeHtml } from './figures.ts';
import { html, type Html } from './html.ts';
import { badge, card, tableHtml } from './layout.ts';

const shownRows = 5;

export function budgetCard(bandwidth: BandwidthStatus, now: Date): Html {
  const { usedBytes, monthlyBytes, forecastBytes, until, stage, mode, clients, images } = bandwidth;
  const isOver = monthlyBytes !== undefined && forecastBytes > monthlyBytes;
  const state =
    mode === 'refuse'
      ? badge('bad', 'no new images')
      : stage !== undefined
        ? badge('warning', stage.action)
        : isOver
          ? badge('warning', 'will not last')
          : badge('good', 'in order');
  const used =
    monthlyBytes === undefined
      ? html`${sizeText(usedBytes)}; no budget is set`
      : html`${meterHtml(usedBytes, monthlyBytes, 'budget used')} ${sizeText(usedBytes)} of
        ${sizeText(monthlyBytes)}, ${shareText(usedBytes, monthlyBytes)}`;
  return card(
    'Budget',
    html`<ul class="facts">
        <li>Used: ${used}</li>
        <li>By the end of the month: ${sizeText(forecastBytes)} at the pace so far</li>
        <li>Reset: ${timeHtml(until)}, ${leftText(until, now)}</li>
      </ul>
      ${topTable('Clients that took most', 'Client', clients)}
      ${topTable('Images that took most', 'Image', images)}`,
    { id: 'budget', aside: state },
  );
}

function topTable(caption: string, title: string, rows: BandwidthStatus['clients']): Html | false {
  if (rows.length === 0) return false;
  return tableHtml({
    caption,
    columns: [{ title }, { title: 'Sent', isFigure: true }],
    rows: rows
      .slice(0, shownRows)
      .map(({ name, bytes }) => [html`<code>${name}</code>`, sizeText(bytes)]),
    empty: '',
  });
}
