/**
 * A worker's HTTP server: `GET` and `HEAD` of `/<mirror>/v2/…` on a unix socket that only edges of
 * the same user can reach. The edge has already decided who may ask, and for what.
 */
import { randomUUID } from 'node:crypto';
import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Cache } from '../cache/cache.ts';
import { assertNever } from '../errors/assert-never.ts';
import { errorCode, MirrorgateError } from '../errors/mirrorgate-error.ts';
import { suspectHeader, workerRunHeader } from '../net/internal-headers.ts';
import { parsePullPath, type PullRequest } from '../oci/pull-path.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import { UpstreamUnknownError } from '../upstream/errors.ts';
import type { RequestTally } from '../upstream/request-tally.ts';
import { sendBlob, sendError, sendManifest } from './answers.ts';
import { sendList } from './listings.ts';
import type { MirrorSet } from './mirror-set.ts';
import { withoutTransfers } from './only-cached.ts';

export interface WorkerServerOptions {
  readonly mirrors: MirrorSet;
  readonly cache: Pick<Cache, 'manifests' | 'blobs' | 'directory'>;
  readonly logger: Logger;
}

/** Longer than the edge keeps an idle connection, so that the edge is the one to close it. */
const keepAliveTimeoutMs = 65_000;

export class WorkerServer {
  readonly #options: WorkerServerOptions;
  readonly #server: Server;
  readonly #closing = new AbortController();
  readonly #run = randomUUID();

  constructor(options: WorkerServerOptions) {
    this.#options = options;
    this.#server = createServer(
      { keepAliveTimeout: keepAliveTimeoutMs, requestTimeout: 0 },
      (request, response) => void this.#serve(request, response),
    );
    this.#server.on('clientError', (_error, socket) => socket.destroy());
  }

  /** Listens on the unix socket at `path`, in place of a dead predecessor's. */
  async listen(path: string): Promise<void> {
    await rm(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(path, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    await chmod(path, 0o600);
  }

  /** Takes no more requests; resolves when those in flight are answered. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => {
        this.#closing.abort();
        resolve();
      });
      this.#server.closeIdleConnections();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const tally: RequestTally = { requests: 0 };
    response.on('error', () => response.destroy());
    if (request.headers[workerRunHeader] === this.#run) {
      // It did not break off because we died: we cut it, and would again.
      response.writeHead(409).end();
      return;
    }
    response.setHeader(workerRunHeader, this.#run);
    try {
      await this.#answer(request, response, tally);
    } catch (error) {
      this.#fail(request, response, { error, tally });
    }
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    tally: RequestTally,
  ): Promise<void> {
    const { mirrors, cache } = this.#options;
    const { manifests, blobs } = cache;
    const { mirrorName, pull } = readTarget(request.url ?? '');
    const wanted = mirrors.get(mirrorName);
    const onlyCached = request.headers['cache-control'] === 'only-if-cached';
    const mirror = onlyCached ? withoutTransfers(wanted) : wanted;
    const method = request.method === 'HEAD' ? 'HEAD' : 'GET';
    switch (pull.kind) {
      case 'manifest':
        sendManifest(
          request,
          response,
          await manifests.open({ mirror, method, tally, ...pull }),
          tally,
        );
        return;
      case 'blob': {
        const isSuspect = request.headers[suspectHeader] !== undefined;
        const answer = await blobs.open({ mirror, method, tally, isSuspect, ...pull });
        try {
          const { digest } = pull;
          const blob = { digest, answer, cacheDirectory: cache.directory };
          await sendBlob(request, response, blob, tally);
        } finally {
          await answer.close();
        }
        return;
      }
      case 'tags':
      case 'referrers':
        await sendList(response, mirror, pull, {
          tally,
          signal: this.#closing.signal,
          isHead: method === 'HEAD',
        });
        return;
      case 'ping':
        throw unsupported(request.url ?? '');
      default:
        assertNever(pull);
    }
  }

  /** An error before the first byte is an answer; after it, the connection is cut. */
  #fail(
    request: IncomingMessage,
    response: ServerResponse,
    { error, tally }: { error: unknown; tally: RequestTally },
  ): void {
    const { logger } = this.#options;
    const clientLeft = errorCode(error) === 'ERR_STREAM_PREMATURE_CLOSE';
    if (!clientLeft && !(error instanceof UpstreamUnknownError)) {
      const level = error instanceof MirrorgateError ? 'warn' : 'error';
      logger[level]('pull failed', { target: request.url, ...errorFields(error) });
    }
    if (response.headersSent) {
      response.destroy();
    } else {
      sendError(response, error, tally);
    }
  }
}

function readTarget(target: string): { mirrorName: string; pull: PullRequest } {
  const [path = '', query = ''] = target.split('?', 2);
  const match = /^\/([^/]+)(\/v2\/.+)$/.exec(path);
  const [, mirrorName, pullPath] = match ?? [];
  if (mirrorName === undefined || pullPath === undefined) throw unsupported(target);
  const result = parsePullPath(pullPath, query);
  if (result.kind === 'fault') throw unsupported(target);
  return { mirrorName, pull: result.pull };
}

function unsupported(target: string): MirrorgateError {
  return new MirrorgateError(
    'MIRRORGATE_REQUEST_UNSUPPORTED',
    `no such resource: ${target.slice(0, 256)}`,
  );
}
