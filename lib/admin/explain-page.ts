/** What becomes of a pull, for whoever types an image's name. */
import type { Explanation } from '../app/explanation.ts';
import { clientTools } from '../clients/tools.ts';
import { sizeText } from '../config/quantities.ts';
import { durationText } from './figures.ts';
import { html, type Html } from './html.ts';
import { badge, card, tableHtml } from './layout.ts';

export interface ExplainFacts {
  readonly image: string;
  readonly client: string;
  /** Undefined where nothing was asked yet. */
  readonly answer: Explanation | { readonly error: string } | undefined;
}

export function explainBody({ image, client, answer }: ExplainFacts): Html {
  const tools = clientTools.map(
    (tool) => html`<option ${tool === client && html`selected`}>${tool}</option>`,
  );
  return html`
    <div class="page-head"><h1>Explain</h1></div>
    <form class="search" action="/explain">
      <label for="image">Image, as it is pulled, and the tool that pulls it</label>
      <input
        id="image"
        name="image"
        type="text"
        value="${image}"
        placeholder="ghcr.io/acme/app:1.2"
        required
      />
      <select name="client" aria-label="Tool">
        <option value="">any tool</option>
        ${tools}
      </select>
      <button type="submit">Explain</button>
    </form>
    ${answer !== undefined && answerHtml(answer)}
  `;
}

const resultBadges = {
  ok: badge('good', 'ok'),
  failed: badge('bad', 'failed'),
  none: badge('quiet', 'nothing'),
} as const;

function answerHtml(answer: NonNullable<ExplainFacts['answer']>): Html {
  if ('error' in answer)
    return card('Not explained', html`<p class="bad-text">${answer.error}</p>`);
  const { mirror, routes, steps, verdict, held, quotaCost, bypasses, works, image } = answer;
  const outcome = works ? badge('good', 'works') : badge('bad', 'does not go through the mirror');
  const facts = [
    mirror !== undefined && html`<li>Mirror <strong>${mirror}</strong></li>`,
    routes.map((route) => html`<li>Reached as <code>${route}</code></li>`),
    held.known > 0 &&
      html`<li>${held.parts} of ${held.known} known parts are cached, ${sizeText(held.bytes)}</li>`,
    quotaCost !== undefined && html`<li>Costs ${quotaCost} of the upstream's pulls</li>`,
  ];
  return html`
    ${card(
      image,
      html`<ul>
        ${verdict.map((sentence) => html`<li><strong>${sentence}</strong></li>`)}${facts}
      </ul>`,
      { aside: outcome },
    )}
    ${card(
      'Step by step',
      tableHtml({
        caption: 'What was looked at and asked',
        columns: [{ title: 'Step' }, { title: 'Outcome' }, { title: 'Took', isFigure: true }],
        rows: steps.map(({ step, outcome: told, durationMs, result }) => [
          html`<code>${step}</code>`,
          html`${resultBadges[result]} ${told}`,
          durationText(durationMs),
        ]),
        empty: 'Nothing had to be asked.',
      }),
    )}
    ${
      bypasses.length > 0 &&
      card(
        `Why ${answer.client ?? 'a client'} would go past the mirror`,
        html`<ul>
          ${bypasses.map((reason) => html`<li>${reason}</li>`)}
        </ul>`,
      )
    }
  `;
}
