/**
 * The way from the edge to a worker's unix socket and back. Requests are built anew, never copied
 * from the client's. A client that leaves ends the worker's answer; a worker that dies is waited
 * for, and its heir answers in its place.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { errorCode, errorMessage, MirrorgateError } from '../errors/mirrorgate-error.ts';
import { AnswerPassage, type ForwardRequest } from './answer-passage.ts';

/** A worker is restarted within this; until then requests wait for it. */
const retryDelaysMs = [50, 100, 250, 500, 1_000, 1_000, 1_000];

/** A request that ended so many workers is asked no more: it may be what they die of. */
const maxDeaths = 2;

/** Longer than any deadline of the worker itself, which then answers with the reason. */
const headersTimeoutMs = 60_000;
const bodyTimeoutMs = 90_000;

export class WorkerLink {
  readonly #pool: Pool;

  constructor(socketPath: string) {
    this.#pool = new Pool('http://worker.internal', {
      socketPath,
      pipelining: 1,
      headersTimeout: headersTimeoutMs,
      bodyTimeout: bodyTimeoutMs,
      keepAliveTimeout: 60_000,
    });
  }

  /**
   * Passes the worker's answer to the client. Resolves when it is through or one side has left.
   * @throws MirrorgateError `MIRRORGATE_WORKER_UNREACHABLE` while nothing has been answered yet
   */
  async forward(request: ForwardRequest): Promise<void> {
    const { response } = request;
    const passage = new AnswerPassage(request);
    let deaths = 0;
    for (const delayMs of [...retryDelaysMs, undefined]) {
      const failure = await passage.attempt(this.#pool);
      if (failure === undefined || hasLeft(request)) return;
      if (isDeath(failure)) deaths += 1;
      const mayComeBack = isAbsence(failure) || (isDeath(failure) && deaths < maxDeaths);
      if (delayMs === undefined || !mayComeBack || !passage.canGoOn) {
        if (!response.headersSent) throw unreachable(failure);
        response.destroy();
        return;
      }
      await delay(delayMs);
      if (hasLeft(request)) return;
    }
  }

  /** Takes no more requests; resolves when those in flight are through. */
  async close(): Promise<void> {
    await this.#pool.close();
  }

  /** Ends those in flight as well. */
  async destroy(): Promise<void> {
    await this.#pool.destroy();
  }
}

function hasLeft({ response }: ForwardRequest): boolean {
  return response.destroyed;
}

function unreachable(failure: Error): MirrorgateError {
  return new MirrorgateError(
    'MIRRORGATE_WORKER_UNREACHABLE',
    `the cache process did not answer: ${errorMessage(failure)}`,
    { cause: failure, hint: 'it is restarted by itself; the log says why it ended' },
  );
}

/** The worker is not there. */
function isAbsence(error: Error): boolean {
  return ['ECONNREFUSED', 'ENOENT'].includes(errorCode(error) ?? '');
}

/** The worker went away before its answer was through. */
function isDeath(error: Error): boolean {
  return ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(errorCode(error) ?? '');
}
