/**
 * What an operator sees of a running gate: its status, its metrics and the admin listener that
 * shows them. It looks on and changes nothing.
 */
import type { AdminRoute } from '../admin/admin-server.ts';
import { AdminServer } from '../admin/admin-server.ts';
import { send } from '../admin/responses.ts';
import type { Endpoint } from '../net/endpoint.ts';
import type { Logger } from '../telemetry/logger.ts';
import { processRegistry } from '../telemetry/process-metrics.ts';
import type { Fleet } from './fleet.ts';
import { addGateMetrics } from './gate-metrics.ts';
import { gateStatus, type GateStatus } from './gate-status.ts';
import { MetricsCollector } from './metrics-collector.ts';
import { prepareAdminSocket } from './state-directory.ts';
import type { WatchedGate } from './watched-gate.ts';

export interface LookoutOptions {
  readonly gate: () => WatchedGate;
  readonly fleet: Fleet;
  readonly logger: Logger;
}

export class Lookout {
  readonly #options: LookoutOptions;
  readonly #admin: AdminServer;
  readonly #metrics: MetricsCollector;

  constructor(options: LookoutOptions) {
    const { gate, fleet, logger } = options;
    this.#options = options;
    const registry = processRegistry('supervisor');
    addGateMetrics(registry, gate);
    this.#metrics = new MetricsCollector(registry, () => fleet.metrics());
    this.#admin = new AdminServer({
      endpoint: gate().configuration.listen.admin,
      isReady: () => gate().isReady,
      routes: this.#routes(),
      logger,
    });
  }

  /** Opens the admin listener. @throws MirrorgateError `MIRRORGATE_ADMIN_LISTEN` */
  async start(): Promise<void> {
    await prepareAdminSocket(this.#options.gate().configuration);
    await this.#admin.listen();
  }

  async close(): Promise<void> {
    await this.#admin.close();
  }

  /** Where the admin listener is, with its real port. */
  get address(): Endpoint {
    return this.#admin.address;
  }

  status(): Promise<GateStatus> {
    const { gate, fleet } = this.#options;
    return gateStatus({ ...gate(), fleet });
  }

  #routes(): ReadonlyMap<string, AdminRoute> {
    return new Map<string, AdminRoute>([
      [
        '/metrics',
        async ({ response }) => {
          const registry = await this.#metrics.collect();
          const body = await registry.metrics();
          send(response, 200, { contentType: registry.contentType, body });
        },
      ],
    ]);
  }
}
