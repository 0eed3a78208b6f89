/**
 * One HTTP request and its answer, as a body that fails with our own errors. Follows nothing,
 * retries nothing, and never shows more of a URL than its origin and path.
 */
import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { errorCode, errorMessage, MirrorgateError } from '../errors/mirrorgate-error.ts';
import { answerHeaders, type AnswerHeaders } from './answer-headers.ts';
import { abortReason } from './deadline.ts';
import { UpstreamUnreachableError } from './errors.ts';
import { urlText } from './named-url.ts';

export interface ExchangeRequest {
  readonly method: 'GET' | 'HEAD';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Ends the exchange at any stage, until the last byte of the body has come. */
  readonly signal: AbortSignal;
  readonly bodyIdleMs: number;
  /** Told of each piece of the body; returns for how many milliseconds no more may come. */
  readonly onBytes?: (sizeBytes: number) => number;
}

export interface Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** Must be read, discarded or destroyed, unless it is empty. */
  readonly body: Readable;
}

const bodyBufferBytes = 64 * 1024;

/** What was asked, for messages and logs. */
export function requestText(method: string, url: URL): string {
  return `${method} ${urlText(url)}`;
}

/**
 * Resolves with the final status and headers. Has no deadline of its own but the body's idle one:
 * `signal` brings it.
 *
 * @throws UpstreamUnreachableError; what the connector refused; the reason of `signal`
 */
export function exchange(dispatcher: Dispatcher, request: ExchangeRequest): Promise<Answer> {
  const { method, url, headers, signal, bodyIdleMs, onBytes } = request;
  if (signal.aborted) return Promise.reject(abortReason(signal));
  const answered = Promise.withResolvers<Answer>();
  let controller: Dispatcher.DispatchController | undefined;
  let body: AnswerBody | undefined;

  const ignoreAbort = (): void => signal.removeEventListener('abort', onAbort);
  const fail = (error: Error): void => {
    ignoreAbort();
    answered.reject(error);
    body?.destroy(error);
  };
  const onAbort = (): void => {
    const reason = abortReason(signal);
    fail(reason);
    controller?.abort(reason);
  };
  signal.addEventListener('abort', onAbort, { once: true });

  dispatcher.dispatch(
    {
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method,
      headers,
      headersTimeout: 0,
      bodyTimeout: bodyIdleMs,
      // Else undici closes the connection after every HEAD (undici #258): a handshake per tag asked.
      reset: false,
    },
    {
      onRequestStart(started) {
        controller = started;
        if (signal.aborted) started.abort(abortReason(signal));
      },
      onResponseStart(started, status, received) {
        if (status < 200) return;
        body = new AnswerBody(started);
        body.once('close', ignoreAbort);
        answered.resolve({ status, headers: answerHeaders(received), body });
      },
      onResponseData(started, chunk) {
        const waitMs = onBytes?.(chunk.length) ?? 0;
        if (body?.push(chunk) !== true) started.pause();
        if (waitMs >= 1) body?.hold(waitMs);
      },
      onResponseEnd() {
        ignoreAbort();
        body?.finish();
      },
      onResponseError(_controller, error) {
        fail(exchangeError(error, request));
      },
    },
  );
  return answered.promise;
}

/** The bytes as undici delivers them. Its reader paces it; leaving early ends the transfer. */
class AnswerBody extends Readable {
  readonly #controller: Dispatcher.DispatchController;
  #isComplete = false;
  #hold: NodeJS.Timeout | undefined;
  #isWanted = false;

  constructor(controller: Dispatcher.DispatchController) {
    super({ highWaterMark: bodyBufferBytes });
    this.#controller = controller;
    // A break before the reader is there must not end the process; the stream keeps the error.
    this.on('error', () => undefined);
  }

  finish(): void {
    this.#isComplete = true;
    this.push(null);
  }

  /** No more comes for so long, whoever reads. */
  hold(waitMs: number): void {
    this.#controller.pause();
    this.#isWanted = true;
    clearTimeout(this.#hold);
    this.#hold = setTimeout(() => {
      this.#hold = undefined;
      if (this.#isWanted) this._read();
    }, waitMs);
  }

  override _read(): void {
    this.#isWanted = this.#hold !== undefined;
    if (!this.#isWanted) this.#controller.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#hold);
    if (!this.#isComplete) {
      this.#controller.abort(error ?? new Error('the reader of the body left'));
    }
    callback(error);
  }
}

function exchangeError(error: Error, { method, url, bodyIdleMs }: ExchangeRequest): Error {
  if (error instanceof MirrorgateError) return error;
  const what = requestText(method, url);
  const why =
    errorCode(error) === 'UND_ERR_BODY_TIMEOUT'
      ? `sent nothing for ${bodyIdleMs} ms`
      : `broke off: ${errorMessage(error)}`;
  return new UpstreamUnreachableError(`${what} ${why}`, { host: url.host, cause: error });
}
