/** Pulls and failures as they happen. The server shows the last ones; the script adds new ones. */
import type { Activity } from '../app/activity.ts';
import type { FinishedExchange } from '../edge/observer.ts';
import { sizeText } from '../config/quantities.ts';
import { countText, durationText } from './figures.ts';
import { html, type Html } from './html.ts';
import { badge, card, tableHtml, type BadgeTone } from './layout.ts';

const shownPulls = 100;
const shownFailures = 30;

export function liveBody(activity: Pick<Activity, 'recent' | 'failures' | 'dropped'>): Html {
  const { recent, failures, dropped } = activity;
  const note =
    dropped > 0 &&
    html`<p class="note">
      ${countText(dropped)} more were served too fast to be listed one by one.
    </p>`;
  return html`
    <div class="page-head">
      <h1>Live</h1>
      <p class="badges">
        <span class="badge quiet" id="live-state" role="status">not connected</span>
        <button type="button" id="live-pause" aria-pressed="false">Pause</button>
      </p>
    </div>
    ${card('Recent pulls', html`${pullTable(recent.slice(0, shownPulls), 'Recent pulls, newest first')}${note}`, { id: 'pulls' })}
    ${card(
      'Recent failures',
      pullTable(failures.slice(0, shownFailures), 'Recent failures, newest first'),
      {
        id: 'failures',
      },
    )}
  `;
}

/** What a row shows, and what the script is sent for a new one. */
export interface PullRow {
  readonly at: string;
  readonly client: string;
  readonly what: string;
  readonly mirror: string;
  readonly cache: string;
  readonly cacheTone: BadgeTone;
  readonly status: string;
  readonly statusTone: BadgeTone;
  readonly size: string;
  readonly took: string;
}

export function pullRow(exchange: FinishedExchange): PullRow {
  const { client, label, mirror, repository, reference, host, kind, cache, status } = exchange;
  const isDigest = reference?.includes(':') === true;
  const named = isDigest ? `@${reference.slice(0, 19)}…` : `:${reference ?? ''}`;
  const isGood = exchange.isComplete && status !== undefined && status < 400;
  return {
    at: new Date(exchange.endedAtMs).toISOString(),
    client: label ?? client ?? '–',
    what: repository === undefined ? `${kind} ${host ?? ''}` : `${repository}${named}`,
    mirror: mirror ?? '–',
    cache: cache ?? '–',
    cacheTone: cache?.startsWith('hit') === true || cache === 'revalidated' ? 'good' : 'quiet',
    status: exchange.isComplete ? String(status ?? 'none') : `${status ?? 'none'}, broke off`,
    statusTone: isGood ? 'good' : status === 404 ? 'quiet' : 'bad',
    size: sizeText(exchange.sentBytes),
    took: durationText(exchange.durationMs),
  };
}

function pullTable(exchanges: readonly FinishedExchange[], caption: string): Html {
  return tableHtml({
    caption,
    columns: [
      { title: 'Time' },
      { title: 'Client' },
      { title: 'What' },
      { title: 'Mirror' },
      { title: 'Cache' },
      { title: 'Status' },
      { title: 'Sent', isFigure: true },
      { title: 'Took', isFigure: true },
    ],
    rows: exchanges.map((exchange) => {
      const row = pullRow(exchange);
      return [
        html`<time datetime="${row.at}" data-clock>${row.at.slice(11, 19)}</time>`,
        row.client,
        html`<strong>${row.what}</strong>${
            exchange.error !== undefined && html` <span class="quiet">${exchange.error}</span>`
          }`,
        row.mirror,
        badge(row.cacheTone, row.cache),
        badge(row.statusTone, row.status),
        row.size,
        row.took,
      ];
    }),
    empty: 'Nothing yet.',
  });
}
