/** Entry of a worker process: one pull-through cache on one unix socket. */
import { BlobCache } from '../cache/blob-cache.ts';
import { ManifestCache } from '../cache/manifest-cache.ts';
import { ManifestShelf } from '../cache/manifest-shelf.ts';
import { assertNever } from '../errors/assert-never.ts';
import { FileBlobStore } from '../store/file-blob-store.ts';
import { StoreLayout } from '../store/layout.ts';
import { RepositoryIndex } from '../store/repository-index.ts';
import type { Logger } from '../telemetry/logger.ts';
import { systemClock } from '../time/clock.ts';
import { MirrorSet } from '../worker/mirror-set.ts';
import { WorkerServer } from '../worker/server.ts';
import type { WorkerReport, WorkerRequest, WorkerSetup } from './messages.ts';
import { enterProcess, failureOf } from './process-entry.ts';

interface RunningWorker {
  readonly mirrors: MirrorSet;
  readonly server: WorkerServer;
  readonly manifests: ManifestCache;
  readonly blobs: BlobCache;
}

async function setUp(setup: WorkerSetup, name: string, logger: Logger): Promise<RunningWorker> {
  const clock = systemClock;
  const { cache } = setup;
  const layout = new StoreLayout(cache.directory);
  const store = await FileBlobStore.open({ layout, worker: name, clock });
  const index = new RepositoryIndex(layout);
  const shelf = new ManifestShelf({ store, index, logger });
  const manifests = new ManifestCache({ shelf, index, clock, logger });
  const blobs = new BlobCache({
    store,
    index,
    clock,
    logger,
    finishAbandonedShare: cache.finishAbandonedShare,
  });
  const mirrors = new MirrorSet({ clock, logger, version: setup.version });
  return {
    mirrors,
    manifests,
    blobs,
    server: new WorkerServer({ mirrors, manifests, blobs, logger }),
  };
}

async function drain(worker: RunningWorker | undefined, graceMs: number): Promise<never> {
  setTimeout(() => process.exit(0), graceMs);
  await worker?.server.close();
  worker?.manifests.close();
  worker?.blobs.close();
  await worker?.mirrors.close();
  process.exit(0);
}

let worker: RunningWorker | undefined;
let socketPath: string | undefined;

enterProcess<WorkerRequest, WorkerReport>({
  async onRequest(request, { logger, name, report }) {
    switch (request.kind) {
      case 'setup':
        try {
          worker = await setUp(request, name, logger);
          socketPath = request.socketPath;
        } catch (error) {
          report({ kind: 'failed', failure: failureOf(error) });
          // The supervisor tries again, unless this was the start.
          setTimeout(() => process.exit(1), 100);
        }
        return;
      case 'update':
        worker?.mirrors.configure(request.mirrors);
        if (socketPath === undefined) return;
        await worker?.server.listen(socketPath);
        socketPath = undefined;
        report({ kind: 'ready' });
        return;
      case 'drain':
        await drain(worker, request.graceMs);
        return;
      default:
        assertNever(request);
    }
  },
});
process.send?.({ kind: 'started' } satisfies WorkerReport);
