/** Entry of a worker process: one pull-through cache on one unix socket. */
import { Cache } from '../cache/cache.ts';
import { assertNever } from '../errors/assert-never.ts';
import { systemClock } from '../time/clock.ts';
import { Throttle } from '../time/token-bucket.ts';
import { chooseWorker } from '../net/worker-choice.ts';
import { explainPull } from '../worker/explanation.ts';
import { MirrorSet } from '../worker/mirror-set.ts';
import { WorkerServer } from '../worker/server.ts';
import { addCacheMetrics, addMirrorMetrics, upstreamMetrics } from '../worker/worker-metrics.ts';
import type {
  Failure,
  WorkerQuestions,
  WorkerReport,
  WorkerRequest,
  WorkerSetup,
} from './messages.ts';
import { enterProcess, failureOf, type ProcessEntry } from './process-entry.ts';

/** Lets the report and the last lines of the log out. */
const exitDelayMs = 100;

interface RunningWorker {
  readonly mirrors: MirrorSet;
  readonly server: WorkerServer;
  readonly cache: Cache;
}

async function setUp(
  setup: WorkerSetup,
  { name, logger, registry }: Omit<ProcessEntry<WorkerReport>, 'report'>,
): Promise<RunningWorker> {
  const clock = systemClock;
  const { cache: configuration, index, workers, version } = setup;
  const cache = await Cache.open({
    configuration,
    worker: name,
    workers,
    owns: (digest) => chooseWorker(digest, workers) === index,
    sweepsRecords: index === 0,
    clock,
    logger,
  });
  const observer = upstreamMetrics(registry);
  const mirrors = new MirrorSet({ clock, logger, version, observer, pace: upstreamThrottle });
  addMirrorMetrics(registry, mirrors);
  addCacheMetrics(registry, cache);
  return { mirrors, cache, server: new WorkerServer({ mirrors, cache, logger }) };
}

async function drain(worker: RunningWorker | undefined, graceMs: number): Promise<never> {
  setTimeout(() => process.exit(0), graceMs);
  await worker?.server.close();
  await worker?.cache.close();
  await worker?.mirrors.close();
  process.exit(0);
}

const upstreamThrottle = new Throttle();
let worker: RunningWorker | undefined;
/** Where it will listen once it knows its mirrors; undefined when it does. */
let socketPath: string | undefined;

enterProcess<WorkerRequest, WorkerReport, WorkerQuestions>({
  started: { kind: 'started' },
  answers: {
    explain: async ({ mirror, ...pull }) => {
      if (worker === undefined) throw new TypeError('the worker is not set up yet');
      const { cache, mirrors } = worker;
      return await explainPull(cache, { mirror: mirrors.get(mirror), ...pull });
    },
    status: () =>
      Promise.resolve({
        usedBytes: worker?.cache.space.usedBytes ?? 0,
        upstreams: worker?.mirrors.states() ?? new Map(),
      }),
    purge: async (selection) =>
      (await worker?.cache.purge(selection)) ?? { records: 0, contents: 0, bytes: 0 },
    look: async () => {
      await worker?.cache.forget();
      return undefined;
    },
  },
  async onRequest(request, { report, ...entry }) {
    const fail = (error: unknown, tried: Failure): void => {
      report({ kind: 'failed', failure: failureOf(error, tried) });
      // The supervisor tries again, unless this was the start.
      setTimeout(() => process.exit(1), exitDelayMs);
    };
    switch (request.kind) {
      case 'setup':
        try {
          worker = await setUp(request, entry);
          socketPath = request.socketPath;
        } catch (error) {
          fail(error, cacheFailure(request.cache.directory));
        }
        return;
      case 'update':
        upstreamThrottle.setRate(request.upstreamBytesPerSecond);
        worker?.mirrors.configure(request.mirrors);
        worker?.cache.configure(request.mirrors);
        if (socketPath === undefined) return;
        try {
          await worker?.server.listen(socketPath);
          report({ kind: 'ready' });
        } catch (error) {
          fail(error, listenFailure(socketPath));
        }
        socketPath = undefined;
        return;
      case 'drain':
        await drain(worker, request.graceMs);
        return;
      default:
        assertNever(request);
    }
  },
});

function cacheFailure(directory: string): Failure {
  return {
    code: 'MIRRORGATE_STORE_OPEN',
    message: `cannot use the cache directory ${directory}`,
    hint: 'check that the disk is not full and that the folder is writable',
  };
}

function listenFailure(path: string): Failure {
  return {
    code: 'MIRRORGATE_WORKER_LISTEN',
    message: `cannot make the socket ${path}`,
    hint: 'check that the disk of state.directory is not full and that the folder is writable',
  };
}
