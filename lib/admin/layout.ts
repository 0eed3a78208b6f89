/** What every status page has around it. */
import { html, type Html } from './html.ts';

export interface Page {
  readonly title: string;
  /** Path of the page in the navigation. */
  readonly path: string;
  readonly body: Html;
  /** Seconds after which the parts that are marked so are fetched anew; never where absent. */
  readonly refreshSeconds?: number;
}

const links = [
  ['/', 'Overview'],
  ['/cache', 'Cache'],
  ['/clients', 'Clients'],
  ['/live', 'Live'],
  ['/explain', 'Explain'],
] as const;

export function pageText({ title, path, body, refreshSeconds }: Page): string {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · mirrorgate</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/assets/uplot.css" />
        <link rel="stylesheet" href="/assets/status.css" />
        <script type="module" src="/assets/status.js"></script>
      </head>
      <body data-refresh-seconds="${refreshSeconds ?? ''}">
        <a class="skip" href="#main">Skip to content</a>
        <header>
          <a class="brand" href="/"
            ><img src="/assets/icon.svg" alt="" width="24" height="24" />mirrorgate</a
          >
          <nav aria-label="Pages">
            ${links.map(
              ([href, text]) =>
                html`<a href="${href}" ${href === path && html`aria-current="page"`}>${text}</a>`,
            )}
          </nav>
        </header>
        <main id="main" tabindex="-1">${body}</main>
      </body>
    </html>`;
  return page.text;
}

export interface TableColumn {
  readonly title: string;
  /** Figures stand to the right. */
  readonly isFigure?: boolean;
}

export interface Table {
  /** For those who do not see what it is about. */
  readonly caption: string;
  readonly columns: readonly TableColumn[];
  readonly rows: readonly (readonly (Html | string | number)[])[];
  /** In place of the rows where there are none. */
  readonly empty: string;
}

export function tableHtml({ caption, columns, rows, empty }: Table): Html {
  if (rows.length === 0) return html`<p class="empty">${empty}</p>`;
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${columns.map(
            ({ title, isFigure }) =>
              html`<th scope="col" ${isFigure === true && html`class="figure"`}>${title}</th>`,
          )}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((cell, index) => cellHtml(cell, columns[index]))}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function cellHtml(cell: Html | string | number, column: TableColumn | undefined): Html {
  const isFigure = column?.isFigure === true;
  return html`<td ${isFigure && html`class="figure"`} data-title="${column?.title}">${cell}</td>`;
}

export type BadgeTone = 'good' | 'warning' | 'bad' | 'quiet';

/** A word on a coloured ground; the word alone says it all. */
export function badge(tone: BadgeTone, text: string): Html {
  return html`<span class="badge ${tone}">${text}</span>`;
}

/** A part of a page under a heading; `id` lets the script fetch it anew. */
export function card(
  title: string,
  body: Html,
  options: { readonly id?: string; readonly aside?: Html } = {},
): Html {
  const { id, aside } = options;
  return html`<section class="card" ${id !== undefined && html`id="${id}" data-refresh`}>
    <div class="card-head">
      <h2>${title}</h2>
      ${aside}
    </div>
    ${body}
  </section>`;
}
