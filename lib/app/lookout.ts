/**
 * What an operator sees of a running gate: its status, its metrics, what it has served, and the
 * admin listener that shows them. It looks on and changes nothing.
 */
import { join } from 'node:path';
import { AdminServer, type AdminRoute } from '../admin/admin-server.ts';
import { send } from '../admin/responses.ts';
import { statusRoutes } from '../admin/status-site.ts';
import type { Endpoint } from '../net/endpoint.ts';
import { StoreLayout } from '../store/layout.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import { mergedStates } from '../upstream/upstream-state.ts';
import { processRegistry } from '../telemetry/process-metrics.ts';
import type { Clock } from '../time/clock.ts';
import { Activity } from './activity.ts';
import { CacheContents } from './cache-contents.ts';
import type { ControlCommands } from './control-server.ts';
import { explain, type Explanation, type ExplainRequest } from './explanation.ts';
import type { Fleet } from './fleet.ts';
import { addGateMetrics } from './gate-metrics.ts';
import { gateStatus, type GateStatus } from './gate-status.ts';
import { History, sumByMirror } from './history.ts';
import { MetricsCollector } from './metrics-collector.ts';
import { noticesOf, type Notice } from './notice.ts';
import { deliverBy } from './notice-delivery.ts';
import { Notifier } from './notifier.ts';
import { prepareAdminSocket } from './state-directory.ts';
import { TrafficRecorder } from './traffic-recorder.ts';
import type { WatchedGate } from './watched-gate.ts';

export interface LookoutOptions {
  readonly gate: () => WatchedGate;
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly logger: Logger;
}

const dayMs = 24 * 3_600_000;

/** More than the worker gives the upstream. */
const explainDeadlineMs = 30_000;

export class Lookout {
  /** For the edges' reports. */
  readonly activity = new Activity();
  readonly #options: LookoutOptions;
  readonly #admin: AdminServer;
  readonly #metrics: MetricsCollector;
  readonly #history: History;
  readonly #recorder: TrafficRecorder;
  readonly #contents: CacheContents;
  readonly #notifier: Notifier;

  constructor(options: LookoutOptions) {
    const { gate, fleet, clock, logger } = options;
    const { stateDirectory, cache, listen } = gate().configuration;
    this.#options = options;
    const registry = processRegistry('supervisor');
    addGateMetrics(registry, gate);
    const metrics = new MetricsCollector(registry, () => fleet.metrics());
    const history = new History({ path: join(stateDirectory, 'history.jsonl'), clock, logger });
    this.#metrics = metrics;
    this.#history = history;
    this.#recorder = new TrafficRecorder({ metrics, history, clock, logger });
    this.#contents = new CacheContents({ layout: new StoreLayout(cache.directory), clock, logger });
    this.#notifier = new Notifier({
      path: join(stateDirectory, 'notices.json'),
      look: () => this.#notices(),
      deliver: () => {
        const { notify } = gate().configuration;
        return notify && deliverBy(notify);
      },
      ...{ clock, logger },
    });
    this.#admin = new AdminServer({
      endpoint: listen.admin,
      isReady: () => gate().isReady,
      routes: this.#routes(),
      logger,
    });
  }

  /** Opens the admin listener. @throws MirrorgateError `MIRRORGATE_ADMIN_LISTEN` */
  async start(): Promise<void> {
    await this.#history.open();
    await prepareAdminSocket(this.#options.gate().configuration);
    await this.#admin.listen();
    this.#recorder.start();
    await this.#notifier.start();
    this.#contents.latest();
  }

  /**
   * Writes down what the minute has brought. To be called while the processes still answer. Never
   * rejects: what fails is logged.
   */
  async record(): Promise<void> {
    try {
      await this.#recorder.record();
    } catch (error) {
      this.#options.logger.warn('traffic of the last minute not recorded', errorFields(error));
    }
  }

  async close(): Promise<void> {
    await this.#admin.close();
    await this.#notifier.close();
    await this.#recorder.close();
  }

  /** Where the admin listener is, with its real port. */
  get address(): Endpoint {
    return this.#admin.address;
  }

  /** What the command line may ask. */
  commands(): ControlCommands {
    return {
      status: () => this.status(),
      explain: (detail) => this.explain(explainRequest(detail)),
    };
  }

  async status(): Promise<GateStatus> {
    const { gate, fleet, clock } = this.#options;
    const now = clock.now();
    const traffic = sumByMirror(await this.#recorder.after(new Date(now.getTime() - dayMs)));
    const { clients } = this.activity;
    return gateStatus({ gate: gate(), fleet, traffic, clients, now });
  }

  /** @throws MirrorgateError `MIRRORGATE_EXPLAIN_ARGUMENT`, `MIRRORGATE_APP_NO_ANSWER` */
  explain(request: ExplainRequest): Promise<Explanation> {
    const { gate, fleet } = this.#options;
    return explain(request, {
      configuration: gate().configuration,
      ask: (detail) => {
        const owner = `${detail.mirror}/${detail.repository}`;
        return fleet.askOwner(owner, { name: 'explain', detail }, explainDeadlineMs);
      },
    });
  }

  async #notices(): Promise<readonly Notice[]> {
    const { gate, fleet, clock } = this.#options;
    const { workers } = await fleet.statuses();
    const told = [...workers.values()].filter((status) => status !== undefined);
    const upstreams = gate().configuration.mirrors.map(({ name }) => {
      return [
        name,
        mergedStates(told.flatMap((status) => status.upstreams.get(name) ?? [])),
      ] as const;
    });
    return noticesOf(gate(), new Map(upstreams), clock.now());
  }

  #routes(): ReadonlyMap<string, AdminRoute> {
    const site = statusRoutes({
      status: () => this.status(),
      history: (since) => this.#recorder.after(since),
      activity: this.activity,
      usage: () => this.#contents.latest(),
      clientTrust: () => this.#options.gate().clientTrust(),
      explain: (request) => this.explain(request),
      clock: this.#options.clock,
    });
    const metrics: AdminRoute = async ({ response }) => {
      const registry = await this.#metrics.collect();
      const body = await registry.metrics();
      send(response, 200, { contentType: registry.contentType, body });
    };
    return new Map([...site, ['/metrics', metrics]]);
  }
}

/** What a command line has sent, taken for what it is. */
function explainRequest(detail: unknown): ExplainRequest {
  const { image, client } = (detail ?? {}) as {
    readonly image?: unknown;
    readonly client?: unknown;
  };
  return { image: String(image), client: typeof client === 'string' ? client : undefined };
}
