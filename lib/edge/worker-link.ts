/**
 * The way from the edge to a worker's unix socket and back. Requests are built anew, never copied
 * from the client's. A client that leaves ends the worker's answer; a worker that dies is waited
 * for, and its heir answers in its place.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { Pool } from 'undici';
import { errorCode, errorMessage, MirrorgateError } from '../errors/mirrorgate-error.ts';
import { suspectHeader } from '../net/internal-headers.ts';
import { AnswerPassage } from './answer-passage.ts';
import type { FileSender, SharedDisk } from './file-sender.ts';
import type { ForwardRequest } from './forward-request.ts';
import type { NamedFile } from './named-file.ts';
import type { EdgeSettings } from './settings.ts';
import { sendFile } from './sent-file.ts';
import { SharedAnswers } from './shared-answers.ts';
import { SmallFiles } from './small-files.ts';

/** A worker is restarted within this; until then requests wait for it. */
const retryDelaysMs = [50, 100, 250, 500, 1_000, 1_000, 1_000];

/** A request that ended so many workers is asked no more: it may be what they die of. */
const maxDeaths = 2;

/** Longer than any deadline of the worker itself, which then answers with the reason. */
const headersTimeoutMs = 60_000;
const bodyTimeoutMs = 90_000;

export class WorkerLink {
  readonly #pool: Pool;
  readonly #shared: SharedAnswers;
  readonly #disk: SharedDisk | undefined;

  /** Without a shared disk the worker sends every body. */
  constructor(socketPath: string, disk?: SharedDisk) {
    this.#disk = disk;
    this.#pool = new Pool('http://worker.internal', {
      socketPath,
      pipelining: 1,
      headersTimeout: headersTimeoutMs,
      bodyTimeout: bodyTimeoutMs,
      keepAliveTimeout: 60_000,
    });
    this.#shared = new SharedAnswers(this.#pool);
  }

  /**
   * Passes the worker's answer to the client. Resolves when it is through or one side has left.
   * @throws MirrorgateError `MIRRORGATE_WORKER_UNREACHABLE` while nothing has been answered yet;
   *   as {@link FileSender.send}
   */
  async forward(request: ForwardRequest): Promise<void> {
    const disk = request.method === 'GET' ? this.#disk : undefined;
    const file = await this.#exchange(request, disk);
    if (disk === undefined || file === undefined || hasLeft(request)) return;
    const missing = await sendFile(disk, request, file);
    if (missing.kind === 'nothing' || hasLeft(request)) return;
    // It was evicted, damaged or cannot be read: the worker knows what to do about that.
    if (missing.kind === 'rest') {
      await this.#pass(AnswerPassage.rest(request, missing.part), request);
    } else {
      const suspicion = missing.isSuspect ? { [suspectHeader]: '1' } : {};
      await this.#exchange(
        { ...request, headers: { ...request.headers, ...suspicion } },
        undefined,
      );
    }
  }

  /** Passes the worker's answer on, unless it names a file in place of a body. */
  async #exchange(
    request: ForwardRequest,
    disk: SharedDisk | undefined,
  ): Promise<NamedFile | undefined> {
    const passage = new AnswerPassage(request, disk);
    await this.#pass(passage, request, disk !== undefined && request.isShareable);
    return passage.namedFile;
  }

  /** Resolves when the answer is through, and where it cannot be, with the connection cut. */
  async #pass(passage: AnswerPassage, request: ForwardRequest, isShared = false): Promise<void> {
    const { response } = request;
    let deaths = 0;
    for (const delayMs of [...retryDelaysMs, undefined]) {
      const shares = isShared && !response.headersSent;
      const failure = await passage.attempt(shares ? this.#shared : this.#pool);
      if (failure === undefined || hasLeft(request)) return;
      if (passage.missing !== undefined) {
        await this.#pass(AnswerPassage.rest(request, passage.missing), request);
        return;
      }
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

type LinkSettings = Pick<EdgeSettings, 'workers' | 'cacheDirectory'>;

/** A link to each worker of `settings`; those of `before` where nothing changed. */
export function linkWorkers(
  settings: LinkSettings,
  sender: FileSender,
  before: { readonly settings: LinkSettings; readonly workers: readonly WorkerLink[] } | undefined,
): readonly WorkerLink[] {
  const { workers, cacheDirectory } = settings;
  const wanted = { workers, cacheDirectory };
  if (before !== undefined) {
    const known = before.settings;
    const had = { workers: known.workers, cacheDirectory: known.cacheDirectory };
    if (isDeepStrictEqual(had, wanted)) return before.workers;
  }
  const disk =
    cacheDirectory === undefined
      ? undefined
      : { cacheDirectory, small: new SmallFiles(cacheDirectory), sender };
  return workers.map((path) => new WorkerLink(path, disk));
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

/** The worker is not there, or so many wait to be let in that there is no room for one more. */
function isAbsence(error: Error): boolean {
  return ['ECONNREFUSED', 'ENOENT', 'EAGAIN'].includes(errorCode(error) ?? '');
}

/** The worker went away before its answer was through. */
function isDeath(error: Error): boolean {
  return ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(errorCode(error) ?? '');
}
