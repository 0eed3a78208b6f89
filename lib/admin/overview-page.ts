/** The first page: whether all is well, how much the mirrors are used, and what runs out when. */
import type { GateStatus, MirrorStatus } from '../app/gate-status.ts';
import type { Traffic } from '../app/traffic.ts';
import { sizeText } from '../config/quantities.ts';
import { countText, leftText, meterHtml, shareText, timeHtml } from './figures.ts';
import { budgetCard } from './budget-card.ts';
import { html, type Html } from './html.ts';
import { badge, card, tableHtml } from './layout.ts';
import { rootsHtml } from './roots-table.ts';

export interface OverviewFacts {
  readonly status: GateStatus;
  readonly now: Date;
}

export function overviewBody({ status, now }: OverviewFacts): Html {
  return html`
    <div class="page-head">
      <h1>Overview</h1>
      ${healthBadges(status)}
    </div>
    ${tiles(status)} ${trafficCard()} ${card('Mirrors', mirrorTable(status), { id: 'mirrors' })}
    <div class="columns">
      ${card('Upstream quota', quotaTable(status, now), { id: 'quota' })}
      ${budgetCard(status.bandwidth, now)}
      ${card('Certificates', certificateTable(status, now), { id: 'certificates' })}
    </div>
  `;
}

function healthBadges({ isReady, processes, version, connections }: GateStatus): Html {
  const away = processes.filter(({ answers }) => !answers);
  return html`<p class="badges" id="health" data-refresh>
    ${isReady ? badge('good', 'ready') : badge('bad', 'not ready')}
    ${away.map(({ name }) => badge('bad', `${name} does not answer`))}
    ${badge('quiet', `${processes.length} processes`)}
    ${badge('quiet', `${connections} ${connections === 1 ? 'connection' : 'connections'}`)}
    ${badge('quiet', `version ${version}`)}
  </p>`;
}

function tiles({ traffic, cache }: GateStatus): Html {
  const { requests, hits, sentBytes, savedBytes, upstreamBytes, errors } = traffic;
  const limit = cache.maxSizeBytes;
  const full = limit === undefined ? 'bounded by free space' : `of ${sizeText(limit)}`;
  return html`<dl class="tiles" id="tiles" data-refresh>
    ${tile('Hit ratio', shareText(hits, requests), `${countText(requests)} pulls in 24 h`)}
    ${tile('Saved', sizeText(savedBytes), `${shareText(savedBytes, sentBytes)} of all bytes`)}
    ${tile('To clients', sizeText(sentBytes), 'in 24 h')}
    ${tile('From upstreams', sizeText(upstreamBytes), 'in 24 h')}
    ${tile('Cache', sizeText(cache.usedBytes), full)}
    ${tile('Errors', countText(errors), '5xx or 429 in 24 h')}
  </dl>`;
}

function tile(name: string, figure: string, note: string): Html {
  return html`<div class="tile">
    <dt>${name}</dt>
    <dd><span class="big">${figure}</span><span class="note">${note}</span></dd>
  </div>`;
}

const ranges = [
  ['1h', '1 h'],
  ['24h', '24 h'],
  ['30d', '30 d'],
] as const;

function trafficCard(): Html {
  const buttons = ranges.map(
    ([range, text]) =>
      html`<button
        type="button"
        data-range="${range}"
        aria-pressed="${range === '24h' ? 'true' : 'false'}"
      >
        ${text}
      </button>`,
  );
  return card(
    'Traffic',
    html`<div
        id="chart"
        role="img"
        aria-label="Traffic over time; the same figures stand below and in /api/history"
      >
        <noscript
          ><p class="empty">The chart needs JavaScript; /api/history has its figures.</p></noscript
        >
      </div>
      <p class="note" id="chart-note" role="status"></p>`,
    {
      aside: html`<div class="choice" role="group" aria-label="Span of the chart">${buttons}</div>`,
    },
  );
}

function mirrorTable({ mirrors, services, universalHosts }: GateStatus): Html {
  const rows = [
    ...mirrors.map((mirror) => [
      html`<strong>${mirror.name}</strong>`,
      html`${
        [...mirror.hosts, ...mirror.ports.map((port) => `port ${port}`)].join(', ') ||
        html`<span class="quiet">by ns or path</span>`
      }`,
      upstreamBadges(mirror),
      ...trafficCells(mirror.traffic),
    ]),
    ...services.map(({ name, hosts, target, traffic }) => [
      html`<strong>${name}</strong> <span class="quiet">service</span>`,
      hosts.join(', '),
      html`<span class="quiet">${target}</span>`,
      ...trafficCells(traffic),
    ]),
  ];
  const universal =
    universalHosts.length > 0 &&
    html`<p class="note">Every mirror also answers at ${universalHosts.join(', ')}.</p>`;
  const table = tableHtml({
    caption: 'Mirrors, last 24 hours',
    columns: [
      { title: 'Mirror' },
      { title: 'Hosts' },
      { title: 'Upstream' },
      { title: 'Hits', isFigure: true },
      { title: 'Pulls', isFigure: true },
      { title: 'To clients', isFigure: true },
      { title: 'Saved', isFigure: true },
      { title: 'Errors', isFigure: true },
    ],
    rows,
    empty: 'No mirror is configured.',
  });
  return html`${table}${universal}`;
}

function trafficCells(traffic: Traffic): (Html | string)[] {
  const { requests, hits, sentBytes, savedBytes, errors } = traffic;
  return [
    shareText(hits, requests),
    countText(requests),
    sizeText(sentBytes),
    sizeText(savedBytes),
    errors === 0 ? '0' : html`<span class="bad-text">${countText(errors)}</span>`,
  ];
}

function upstreamBadges({ upstreams }: MirrorStatus): Html {
  const hosts = new Map<string, boolean>();
  for (const { host, breaker } of upstreams) {
    hosts.set(host, breaker !== 'closed' || hosts.get(host) === true);
  }
  return html`${[...hosts].map(([host, isOut]) =>
    isOut ? badge('bad', `${host} is out`) : html`<span>${host}</span> `,
  )}`;
}

function quotaTable({ mirrors }: GateStatus, now: Date): Html {
  const rows = mirrors.flatMap(({ name, upstreams }) =>
    upstreams.flatMap(({ host, account, rateLimit }) => {
      if (rateLimit?.remaining === undefined) return [];
      const { remaining, limit, windowSeconds, source, seenAt } = rateLimit;
      const resetAt =
        windowSeconds === undefined ? undefined : new Date(seenAt.getTime() + windowSeconds * 1000);
      return [
        [
          html`<strong>${name}</strong> ${account ?? 'anonymous'}@${host}`,
          html`${limit !== undefined && meterHtml(remaining, limit, 'pulls left')} ${remaining}
          ${limit !== undefined && `of ${limit}`}`,
          resetAt === undefined
            ? '–'
            : html`full again by ${timeHtml(resetAt)}, ${leftText(resetAt, now)}`,
          source ?? '–',
        ],
      ];
    }),
  );
  return tableHtml({
    caption: 'Pulls that upstreams still grant',
    columns: [
      { title: 'Account' },
      { title: 'Pulls left' },
      { title: 'Reset' },
      { title: 'Counted against' },
    ],
    rows,
    empty: 'No upstream has told of a quota yet.',
  });
}

function certificateTable({ certificates, roots, ca }: GateStatus, now: Date): Html {
  const table = tableHtml({
    caption: 'Certificates that are served',
    columns: [{ title: 'Site' }, { title: 'Issuer' }, { title: 'Expires' }, { title: 'State' }],
    rows: certificates.map(({ site, issuer, notAfter, lastError }) => [
      html`<strong>${site}</strong>`,
      issuer,
      notAfter === undefined ? '–' : html`${timeHtml(notAfter)}, ${leftText(notAfter, now)}`,
      lastError === undefined ? badge('good', 'in order') : badge('bad', lastError),
    ]),
    empty: 'No certificate is needed.',
  });
  return roots.length === 0 ? table : html`${table}${rootsHtml(roots, ca?.rotation, now)}`;
}
