/** The status pages and their JSON, by path. They read; nothing here changes the gate. */
import type { Activity } from '../app/activity.ts';
import { clientStanding } from '../app/client-standing.ts';
import type { Explanation, ExplainRequest } from '../app/explanation.ts';
import type { GateStatus } from '../app/gate-status.ts';
import { sumByMirror, summedUp } from '../app/history.ts';
import type { HistoryPoint } from '../app/history-point.ts';
import { sumTraffic } from '../app/traffic.ts';
import type { Clock } from '../time/clock.ts';
import { errorMessage } from '../errors/mirrorgate-error.ts';
import type { AdminExchange, AdminRoute } from './admin-server.ts';
import { readAssets } from './assets.ts';
import { cacheBody, type CacheFacts } from './cache-page.ts';
import { clientsBody, type ClientsFacts } from './clients-page.ts';
import { EventStream } from './event-stream.ts';
import { explainBody } from './explain-page.ts';
import { pageText } from './layout.ts';
import { liveBody } from './live-page.ts';
import { overviewBody } from './overview-page.ts';
import { send, sendHtml, sendJson, sendText } from './responses.ts';

export interface SiteSources {
  readonly status: () => Promise<GateStatus>;
  /** The traffic after an instant, up to now. */
  readonly history: (since: Date) => Promise<readonly HistoryPoint[]>;
  readonly activity: Activity;
  readonly usage: () => CacheFacts['usage'];
  readonly clientTrust: () => ClientsFacts['trustOf'];
  readonly explain: (request: ExplainRequest) => Promise<Explanation>;
  readonly clock: Clock;
}

const hourMs = 3_600_000;

/** What the chart can show: how far back, and in what steps. */
const ranges = new Map([
  ['1h', { spanMs: hourMs, stepMs: 60_000, step: 'minute' }],
  ['24h', { spanMs: 24 * hourMs, stepMs: 15 * 60_000, step: 'quarter of an hour' }],
  ['30d', { spanMs: 30 * 24 * hourMs, stepMs: 12 * hourMs, step: 'half day' }],
]);

const maxSearchLength = 200;

export function statusRoutes(sources: SiteSources): ReadonlyMap<string, AdminRoute> {
  const { activity, clock } = sources;
  const events = new EventStream(activity);
  const routes = new Map<string, AdminRoute>([
    [
      '/',
      async ({ response }) => {
        const body = overviewBody({ status: await sources.status(), now: clock.now() });
        sendHtml(
          response,
          200,
          pageText({ title: 'Overview', path: '/', body, refreshSeconds: 10 }),
        );
      },
    ],
    [
      '/cache',
      ({ response, query }) => {
        const search = query.get('q')?.slice(0, maxSearchLength) ?? '';
        const body = cacheBody({ usage: sources.usage(), search, now: clock.now() });
        sendHtml(
          response,
          200,
          pageText({ title: 'Cache', path: '/cache', body, refreshSeconds: 30 }),
        );
      },
    ],
    [
      '/clients',
      ({ response }) => {
        const body = clientsBody({ activity, trustOf: sources.clientTrust(), now: clock.now() });
        sendHtml(
          response,
          200,
          pageText({ title: 'Clients', path: '/clients', body, refreshSeconds: 5 }),
        );
      },
    ],
    [
      '/live',
      ({ response }) => {
        sendHtml(
          response,
          200,
          pageText({ title: 'Live', path: '/live', body: liveBody(activity) }),
        );
      },
    ],
    [
      '/explain',
      ({ request, response, query }) => sendExplain(sources, { request, response, query }),
    ],
    ['/events', ({ response }) => events.serve(response)],
    ['/api/status', async ({ response }) => sendJson(response, await sources.status())],
    ['/api/history', ({ response, query }) => sendHistory(sources, response, query)],
    [
      '/api/activity',
      ({ response }) => {
        const { recent, failures, denied, dropped } = activity;
        const trustOf = sources.clientTrust();
        const clients = activity.clients.map((share) => ({
          ...share,
          ...clientStanding(share, trustOf, clock.now()),
        }));
        sendJson(response, { recent, failures, clients, denied, dropped });
      },
    ],
  ]);
  for (const [path, content] of readAssets()) {
    routes.set(path, ({ response }) => send(response, 200, content));
  }
  return routes;
}

/** Asks an upstream: not on the word of a page elsewhere that has a browser come here. */
async function sendExplain(
  { explain }: SiteSources,
  { request, response, query }: AdminExchange,
): Promise<void> {
  if (request.headers['sec-fetch-site'] === 'cross-site') {
    sendText(response, 403, 'open this page by itself');
    return;
  }
  const image = query.get('image')?.trim().slice(0, maxSearchLength) ?? '';
  const client = query.get('client') ?? '';
  const asked = { image, client: client === '' ? undefined : client };
  const answer =
    image === ''
      ? undefined
      : await explain(asked).catch((error: unknown) => ({ error: errorMessage(error) }));
  const body = explainBody({ image, client, answer });
  sendHtml(response, 200, pageText({ title: 'Explain', path: '/explain', body }));
}

async function sendHistory(
  { history, clock }: SiteSources,
  response: Parameters<AdminRoute>[0]['response'],
  query: URLSearchParams,
): Promise<void> {
  const range = ranges.get(query.get('range') ?? '24h');
  if (range === undefined) {
    sendText(response, 400, `range must be one of ${[...ranges.keys()].join(', ')}`);
    return;
  }
  const { spanMs, stepMs, step } = range;
  const nowMs = clock.now().getTime();
  const points = await history(new Date(nowMs - spanMs));
  sendJson(response, {
    step,
    total: sumTraffic([...sumByMirror(points).values()]),
    points: everyStep(summedUp(points, stepMs), { fromMs: nowMs - spanMs, toMs: nowMs, stepMs }),
  });
}

/** Steps in which nothing came are drawn as nothing, not left out. */
function everyStep(
  points: readonly HistoryPoint[],
  {
    fromMs,
    toMs,
    stepMs,
  }: { readonly fromMs: number; readonly toMs: number; readonly stepMs: number },
): object[] {
  const found = new Map(points.map((point) => [point.at.getTime(), point]));
  const steps: object[] = [];
  for (let step = Math.ceil(fromMs / stepMs) * stepMs; step <= toMs; step += stepMs) {
    const mirrors = found.get(step)?.mirrors ?? new Map();
    steps.push({ at: step / 1000, ...sumTraffic(mirrors.values()) });
  }
  return steps;
}
