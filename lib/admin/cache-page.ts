/** What lies in the cache, by mirror and repository, searched by a part of the name. */
import { sizeText } from '../config/quantities.ts';
import type { CacheUsage } from '../store/usage.ts';
import { agoText, countText, timeHtml } from './figures.ts';
import { html, type Html } from './html.ts';
import { card, tableHtml } from './layout.ts';

export interface CacheFacts {
  /** Undefined while it is being read for the first time. */
  readonly usage: (CacheUsage & { readonly readAt: Date }) | undefined;
  readonly search: string;
  readonly now: Date;
}

const maxRows = 200;

export function cacheBody({ usage, search, now }: CacheFacts): Html {
  return html`
    <div class="page-head"><h1>Cache</h1></div>
    <form class="search" action="/cache" role="search">
      <label for="q">Mirror or repository</label>
      <input
        id="q"
        name="q"
        type="search"
        value="${search}"
        placeholder="library/nginx"
        data-search
      />
      <button type="submit">Search</button>
    </form>
    ${card('Repositories', usage === undefined ? reading : repositories({ usage, search, now }), {
      id: 'results',
    })}
  `;
}

const reading = html`<p class="empty" role="status">
  The cache is being read; look again in a moment.
</p>`;

function repositories({
  usage,
  search,
  now,
}: Pick<CacheFacts, 'search' | 'now'> & {
  readonly usage: NonNullable<CacheFacts['usage']>;
}): Html {
  const wanted = search.trim().toLowerCase();
  const found = usage.repositories.filter(({ mirror, repository }) =>
    `${mirror}/${repository}`.toLowerCase().includes(wanted),
  );
  const table = tableHtml({
    caption: 'Repositories in the cache, largest first',
    columns: [
      { title: 'Mirror' },
      { title: 'Repository' },
      { title: 'Tags', isFigure: true },
      { title: 'Manifests', isFigure: true },
      { title: 'Blobs', isFigure: true },
      { title: 'Size', isFigure: true },
      { title: 'Last use' },
    ],
    rows: found
      .slice(0, maxRows)
      .map(({ mirror, repository, tags, manifests, blobs, sizeBytes, usedAt }) => [
        mirror,
        html`<strong>${repository}</strong>`,
        countText(tags),
        countText(manifests),
        countText(blobs),
        sizeText(sizeBytes),
        usedAt === undefined
          ? '–'
          : html`<span title="${usedAt.toISOString()}">${agoText(usedAt, now)}</span>`,
      ]),
    empty:
      wanted === '' ? 'Nothing is in the cache yet.' : `Nothing in the cache matches “${search}”.`,
  });
  const more = found.length > maxRows && ` The first ${maxRows} are shown.`;
  return html`<p class="note" role="status">
      ${countText(found.length)} of ${countText(usage.repositories.length)} repositories;
      ${sizeText(usage.sizeBytes)} on disk in ${countText(usage.contents)} pieces, shared content
      once. Read ${timeHtml(usage.readAt)}.${more}
    </p>
    ${table}`;
}
