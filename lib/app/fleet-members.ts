/** The processes of a fleet: how one is started, what it is told then, and what comes of its reports. */
import { extname, join } from 'node:path';
import type { UsageReport } from '../budget/usage.ts';
import type { ClientSighting } from '../ca/client-sightings.ts';
import type { CacheConfiguration, LogConfiguration } from '../config/configuration.ts';
import type { BoundAddress } from '../edge/addresses.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import type { ActivityReport } from './activity-batch.ts';
import { Child } from './child.ts';
import type { EdgeBriefing } from './edge-briefing.ts';
import type {
  EdgeQuestions,
  EdgeReport,
  EdgeRequest,
  Failure,
  WorkerQuestions,
  WorkerReport,
  WorkerRequest,
  WorkerUpdate,
} from './messages.ts';
import { edgeNodeFlags, workerNodeFlags } from './frugal-memory.ts';
import { StartError } from './start-error.ts';

export interface FleetOptions {
  readonly edges: number;
  /** Socket path of each worker. */
  readonly workers: readonly string[];
  readonly cache: CacheConfiguration;
  readonly version: string;
  readonly log: LogConfiguration;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told about once a second what an edge has served. */
  readonly onActivity: (activity: ActivityReport) => void;
  /** Told what an edge has sent. */
  readonly onUsage: (edge: string, usage: UsageReport) => void;
  /** Told that an edge and its connections are gone. */
  readonly onEdgeGone: (edge: string) => void;
  /** How clients were seen to take the certificates of the private CA. */
  readonly onSightings: (sightings: readonly ClientSighting[]) => void;
}

export type WorkerKnowledge = Omit<WorkerUpdate, 'kind'>;

export type EdgeChild = Child<EdgeRequest, EdgeReport, EdgeQuestions>;
export type WorkerChild = Child<WorkerRequest, WorkerReport, WorkerQuestions>;

export interface Started<Process, Fact> {
  readonly child: Process;
  /** Rejects with a `StartError` where the process does not come to serve. */
  readonly serving: Promise<Fact>;
}

/** `serving` brings the addresses that it listens on. */
export function startEdge(
  name: string,
  options: FleetOptions,
  briefing: EdgeBriefing,
): Started<EdgeChild, readonly BoundAddress[]> {
  const { log, clock, logger } = options;
  const begun = Promise.withResolvers<readonly BoundAddress[]>();
  let isServing = false;
  const edge: EdgeChild = new Child({
    entry: entryPath('edge-process'),
    identity: { name, log },
    nodeFlags: edgeNodeFlags,
    clock,
    logger,
    onDeath: () => {
      options.onEdgeGone(name);
      begun.reject(new StartError([diedAtStart(name)]));
    },
    onReport: (report) => {
      switch (report.kind) {
        case 'started':
          edge.send(briefing.whole());
          return;
        case 'activity':
          options.onActivity(report.activity);
          return;
        case 'usage':
          options.onUsage(name, report.usage);
          return;
        case 'sightings':
          options.onSightings(report.sightings);
          return;
        case 'updated':
          if (report.failures.length === 0) begun.resolve(report.addresses);
          else begun.reject(new StartError(report.failures));
          if (isServing) for (const failure of report.failures) logFailure(logger, name, failure);
          isServing = true;
      }
    },
  });
  edge.start();
  return { child: edge, serving: begun.promise };
}

export function startWorker(
  { index, socketPath }: { readonly index: number; readonly socketPath: string },
  options: FleetOptions,
  knowledge: () => WorkerKnowledge,
): Started<WorkerChild, undefined> {
  const { log, clock, logger, cache, version, workers } = options;
  const name = `worker-${index + 1}`;
  const begun = Promise.withResolvers<undefined>();
  let isServing = false;
  const worker: WorkerChild = new Child({
    entry: entryPath('worker-process'),
    identity: { name, log },
    nodeFlags: workerNodeFlags,
    clock,
    logger,
    onDeath: () => begun.reject(new StartError([diedAtStart(name)])),
    onReport: (report) => {
      switch (report.kind) {
        case 'started':
          worker.send({
            kind: 'setup',
            socketPath,
            cache,
            index,
            workers: workers.length,
            version,
          });
          worker.send({ kind: 'update', ...knowledge() });
          return;
        case 'ready':
          isServing = true;
          begun.resolve(undefined);
          return;
        case 'failed':
          if (isServing) logFailure(logger, name, report.failure);
          begun.reject(new StartError([report.failure]));
      }
    },
  });
  worker.start();
  return { child: worker, serving: begun.promise };
}

function logFailure(logger: Logger, child: string, { message: error, ...facts }: Failure): void {
  logger.error('process in trouble', { child, error, ...facts });
}

/** Beside this file, whether it runs from its source or built. */
function entryPath(name: string): string {
  return join(import.meta.dirname, `${name}${extname(import.meta.filename)}`);
}

function diedAtStart(name: string): Failure {
  return {
    code: 'MIRRORGATE_APP_PROCESS',
    message: `${name} ended while it was starting`,
    hint: 'the log above says why',
  };
}
