/** The private CA on the overview: what clients must trust, and how far a rotation has come. */
import type { WatchedRoot } from '../app/watched-gate.ts';
import { clientNames, waitTexts } from '../ca/rotation-words.ts';
import type { RotationStatus } from '../ca/rotation-status.ts';
import { leftText, timeHtml } from './figures.ts';
import { html, type Html } from './html.ts';
import { badge, tableHtml } from './layout.ts';

export function rootsHtml(
  roots: readonly WatchedRoot[],
  rotation: RotationStatus | undefined,
  now: Date,
): Html {
  return html`
    <h3>Private CA</h3>
    ${tableHtml({
      caption: 'Roots that clients must trust',
      columns: [{ title: 'State' }, { title: 'SHA-256' }, { title: 'Expires' }],
      rows: roots.map(({ state, fingerprint, notAfter, intermediate }) => [
        badge(state === 'active' ? 'good' : 'warning', state),
        html`<code>${fingerprint}</code>`,
        html`${timeHtml(notAfter)},
        ${leftText(notAfter, now)}${intermediate && html`; intermediate: ${timeHtml(intermediate.notAfter)}`}`,
      ]),
      empty: '',
    })}
    ${rotation !== undefined && rotationHtml(rotation)}
  `;
}

function rotationHtml({ cause, steps, waitsFor, lacking }: RotationStatus): Html {
  const next = steps.find(({ isDone }) => !isDone);
  const step = next && html`next step <strong>${next.step}</strong>, from ${timeHtml(next.at)}`;
  return html`<p class="note">
      ${cause === undefined ? 'No rotation goes on' : badge('warning', 'a rotation goes on')};
      ${step}${waitsFor !== undefined && `: ${waitTexts[waitsFor]}`}.
    </p>
    ${lacking.length > 0 && html`<p class="note">Lack the new root: ${clientNames(lacking)}.</p>`}`;
}
