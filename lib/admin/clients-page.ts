/** Who uses the mirrors, who fails to, and who was turned away. */
import type { Activity } from '../app/activity.ts';
import type { ClientShare } from '../app/activity-batch.ts';
import { clientUse, type ClientUse } from '../app/client-standing.ts';
import type { ClientTrust } from '../ca/client-evidence.ts';
import { assertNever } from '../errors/assert-never.ts';
import { sizeText } from '../config/quantities.ts';
import { agoText, countText } from './figures.ts';
import { html, type Html } from './html.ts';
import { badge, card, tableHtml } from './layout.ts';

export interface ClientsFacts {
  readonly activity: Pick<Activity, 'clients' | 'denied'>;
  readonly trustOf: (address: string) => ClientTrust;
  readonly now: Date;
}

const maxRows = 200;

const trustBadges: Readonly<Record<ClientTrust, Html>> = {
  trusts: badge('good', 'trusts us'),
  'has-new-root': badge('good', 'has the new root'),
  'lacks-new-root': badge('warning', 'lacks the new root'),
  'fails-handshakes': badge('bad', 'fails handshakes'),
  unknown: badge('quiet', 'not known'),
};

export function clientsBody({ activity, trustOf, now }: ClientsFacts): Html {
  return html`
    <div class="page-head"><h1>Clients</h1></div>
    ${card('Served', served(activity.clients, trustOf, now), { id: 'served' })}
    ${card('Turned away', deniedTable(activity, now), { id: 'denied' })}
  `;
}

function served(
  clients: readonly ClientShare[],
  trustOf: ClientsFacts['trustOf'],
  now: Date,
): Html {
  return tableHtml({
    caption: 'Clients since the gate was started, by bytes',
    columns: [
      { title: 'Client' },
      { title: 'Label' },
      { title: 'Trust' },
      { title: 'Pulls through here' },
      { title: 'Requests', isFigure: true },
      { title: 'Failures', isFigure: true },
      { title: 'Sent', isFigure: true },
      { title: 'Last seen' },
      { title: 'Program' },
    ],
    rows: clients
      .slice(0, maxRows)
      .map((client) => [
        html`<code>${client.address}</code>`,
        client.label ?? '–',
        trustBadges[trustOf(client.address)],
        useHtml(clientUse(client, now)),
        countText(client.requests),
        client.failures === 0
          ? '0'
          : html`<span class="bad-text">${countText(client.failures)}</span>`,
        sizeText(client.sentBytes),
        agoText(new Date(client.lastSeenMs), now),
        html`<span class="quiet">${client.agent ?? '–'}</span>`,
      ]),
    empty: 'Nobody has asked for anything yet.',
  });
}

function useHtml(use: ClientUse): Html {
  switch (use.kind) {
    case 'pulls':
      return badge('good', 'yes');
    case 'bypasses':
      return html`${badge('warning', 'seems to bypass')}
        <span class="quiet">${use.evidence}</span>`;
    case 'unknown':
      return badge('quiet', 'not known');
    default:
      return assertNever(use);
  }
}

const reasons = {
  'not-allowed': 'not on the allow-list',
  'strangers-full': 'too many strangers',
  'address-full': 'too many connections from there',
  'edge-full': 'too many connections in all',
} as const;

function deniedTable({ denied }: ClientsFacts['activity'], now: Date): Html {
  return tableHtml({
    caption: 'Connections that were closed before a request, the last first',
    columns: [
      { title: 'Address' },
      { title: 'Why' },
      { title: 'Connections', isFigure: true },
      { title: 'Last' },
    ],
    rows: denied
      .slice(0, maxRows)
      .map(({ address, reason, connections, lastSeenMs }) => [
        html`<code>${address}</code>`,
        reasons[reason],
        countText(connections),
        agoText(new Date(lastSeenMs), now),
      ]),
    empty: 'Nobody was turned away.',
  });
}
