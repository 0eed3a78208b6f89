/**
 * The way from the edge to a worker's unix socket and back. Requests are built anew, never copied
 * from the client's. Torn down both ways: a client that leaves ends the worker's answer, a worker
 * that dies ends the client's.
 */
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool, type Dispatcher } from 'undici';
import { errorCode, errorMessage, MirrorgateError } from '../errors/mirrorgate-error.ts';

export interface ForwardRequest {
  readonly method: 'GET' | 'HEAD';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly response: ServerResponse;
  /** Makes the client's headers from the worker's. */
  readonly answerHeaders: (received: WorkerHeaders) => Record<string, string>;
}

export type WorkerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** A worker is restarted within this; until then requests wait for it. */
const retryDelaysMs = [50, 100, 250, 500, 1_000, 1_000];

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
    let deaths = 0;
    for (const delayMs of [...retryDelaysMs, undefined]) {
      const failure = await this.#attempt(request);
      if (failure === undefined || hasLeft(request)) return;
      if (response.headersSent) {
        response.destroy();
        return;
      }
      if (isDeath(failure)) deaths += 1;
      const mayComeBack = isAbsence(failure) || (isDeath(failure) && deaths < maxDeaths);
      if (delayMs === undefined || !mayComeBack) {
        throw new MirrorgateError(
          'MIRRORGATE_WORKER_UNREACHABLE',
          `the cache process did not answer: ${errorMessage(failure)}`,
          { cause: failure, hint: 'it is restarted by itself; the log says why it ended' },
        );
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

  /** One request; resolves with the error that ended it early, if one did. */
  #attempt(request: ForwardRequest): Promise<Error | undefined> {
    const { method, path, headers } = request;
    return new Promise((resolve) => {
      this.#pool.dispatch({ method, path, headers }, new AnswerPassage(request, resolve));
    });
  }
}

/** Passes one answer on, at the client's pace. */
class AnswerPassage implements Dispatcher.DispatchHandler {
  readonly #request: ForwardRequest;
  readonly #done: (error?: Error) => void;
  #controller: Dispatcher.DispatchController | undefined;

  constructor(request: ForwardRequest, done: (error?: Error) => void) {
    this.#request = request;
    this.#done = done;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    const { response } = this.#request;
    if (response.destroyed) {
      controller.abort(new Error('the client left'));
      return;
    }
    response.on('close', this.#onClose).on('drain', this.#onDrain);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: WorkerHeaders,
  ): void {
    // An interim answer (RFC 9110 §15.2) is for us alone.
    if (status < 200) return;
    this.#request.response.writeHead(status, this.#request.answerHeaders(headers));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#request.response.write(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    this.#release();
    this.#request.response.end();
    this.#done();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#release();
    this.#done(error);
  }

  readonly #onClose = (): void => this.#controller?.abort(new Error('the client left'));
  readonly #onDrain = (): void => this.#controller?.resume();

  #release(): void {
    this.#request.response.off('close', this.#onClose).off('drain', this.#onDrain);
  }
}

function hasLeft({ response }: ForwardRequest): boolean {
  return response.destroyed;
}

/** The worker is not there. */
function isAbsence(error: Error): boolean {
  return ['ECONNREFUSED', 'ENOENT'].includes(errorCode(error) ?? '');
}

/** The worker went away before it answered. */
function isDeath(error: Error): boolean {
  return ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(errorCode(error) ?? '');
}
