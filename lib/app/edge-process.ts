/** Entry of an edge process: holds leaf keys only, and writes nothing to the disk. */
import type { Registry } from 'prom-client';
import { buildAllowList } from '../access/allow-list.ts';
import { EdgeMetrics } from '../edge/edge-metrics.ts';
import { Edge } from '../edge/edge.ts';
import { limitsOf } from '../edge/limits.ts';
import type { EdgeObserver } from '../edge/observer.ts';
import type { EdgeSettings } from '../edge/settings.ts';
import { assertNever } from '../errors/assert-never.ts';
import { errorMessage } from '../errors/mirrorgate-error.ts';
import { systemClock } from '../time/clock.ts';
import { ActivityBatch } from './activity-batch.ts';
import { collectEarly } from './frugal-memory.ts';
import { listenFailure } from './listening.ts';
import type {
  EdgeQuestions,
  EdgeReport,
  EdgeRequest,
  EdgeUpdate,
  Failure,
  SiteKey,
} from './messages.ts';
import { enterProcess, failureOf } from './process-entry.ts';
import { SightingBatch } from './sighting-batch.ts';

/** How long answers in flight may go on after an unforeseen error, while an heir serves. */
const unforeseenGraceMs = 10_000;

const activityIntervalMs = 1_000;

let edge: Edge | undefined;

async function update(target: Edge, request: EdgeUpdate, name: string): Promise<Failure[]> {
  const { settings, certificates, allowList, budget, ticketKeys, challenges } = request;
  for (const challenge of challenges ?? []) target.challenges.present(challenge);
  if (allowList !== undefined) target.setAllowList(buildAllowList(allowList));
  if (budget !== undefined) {
    const shares = budget.shares.get(name) ?? new Map<string, number>();
    target.setOrders({ ...budget.orders, shares });
  }
  if (ticketKeys !== undefined) target.setTicketKeys(ticketKeys);
  if ('trust' in request) target.setTrust(request.trust);
  const refused = (certificates ?? []).flatMap((siteKey) => takeCertificate(target, siteKey));
  const failures = settings === undefined ? [] : await target.configure(settings);
  return [...refused, ...failures.map(listenFailure)];
}

/** What a site served before, it goes on serving where TLS refuses the new certificate. */
function takeCertificate(target: Edge, { site, certifiedKey }: SiteKey): Failure[] {
  try {
    target.setCertificate(site, certifiedKey);
    return [];
  } catch (error) {
    return [
      {
        code: 'MIRRORGATE_EDGE_CERTIFICATE',
        message: `cannot serve the certificate of ${site}: ${errorMessage(error)}`,
        hint: 'replace it by one that OpenSSL accepts',
      },
    ];
  }
}

/** Counts, and tells the supervisor now and then. */
function observe(registry: Registry, report: (report: EdgeReport) => void): EdgeObserver {
  const metrics = new EdgeMetrics(registry);
  const batch = new ActivityBatch();
  const tell = (): void => {
    const activity = batch.take();
    if (activity !== undefined) report({ kind: 'activity', activity });
    systemClock.after(activityIntervalMs, tell);
  };
  tell();
  const seen = new SightingBatch(systemClock, (sightings) =>
    report({ kind: 'sightings', sightings }),
  );
  return {
    finished(exchange) {
      metrics.finished(exchange);
      batch.finished(exchange);
    },
    denied(client, reason) {
      metrics.denied(reason);
      batch.denied(client, reason, Date.now());
    },
    sighted: (sighting) => seen.add(sighting),
  };
}

collectEarly();
enterProcess<EdgeRequest, EdgeReport, EdgeQuestions>({
  started: { kind: 'started' },
  async onRequest(request, { logger, registry, report, name }) {
    switch (request.kind) {
      case 'update': {
        edge ??= new Edge({
          limits: limitsOf(firstSettings(request).limits),
          clock: systemClock,
          logger,
          observer: observe(registry, report),
          onUsage: (usage) => report({ kind: 'usage', usage }),
        });
        const failures = await updateSafely(edge, request, name);
        report({ kind: 'updated', addresses: edge.addresses, failures });
        return;
      }
      case 'drain':
        await edge?.close(request.graceMs);
        process.exit(0);
        return;
      default:
        assertNever(request);
    }
  },
  answers: {
    status: () =>
      Promise.resolve({ connections: edge?.connections ?? 0, denials: edge?.denials ?? [] }),
    forgetAnswers: () => {
      edge?.forgetAnswers();
      return Promise.resolve(undefined);
    },
    // One that does not serve yet is told of all that are live before it does.
    present(challenge) {
      edge?.challenges.present(challenge);
      return Promise.resolve(undefined);
    },
    withdraw(challenge) {
      edge?.challenges.withdraw(challenge);
      return Promise.resolve(undefined);
    },
  },
  onUnforeseen: async () => await edge?.close(unforeseenGraceMs),
});

function firstSettings({ settings }: EdgeUpdate): EdgeSettings {
  if (settings === undefined) throw new TypeError('an edge is told its settings first');
  return settings;
}

/** The supervisor waits for an answer: whatever goes wrong is one. */
async function updateSafely(target: Edge, request: EdgeUpdate, name: string): Promise<Failure[]> {
  try {
    return await update(target, request, name);
  } catch (error) {
    const message = 'cannot take the configuration into use';
    return [failureOf(error, { code: 'MIRRORGATE_EDGE_UPDATE', message, hint: undefined })];
  }
}
