/**
 * One answer on its way from a worker to a client, at the client's pace. Should the worker die in
 * the middle, its heir sends the answer again: what the client has is skipped, and compared, so
 * that nobody ever gets the beginning of one content and the end of another.
 */
import type { Dispatcher } from 'undici';
import { sendsFilesHeader, workerRunHeader } from '../net/internal-headers.ts';
import { BrokenFileError, type SharedDisk } from './file-sender.ts';
import { FollowedFile } from './followed-file.ts';
import type { ForwardRequest } from './forward-request.ts';
import { tryNamedFile, type NamedFile } from './named-file.ts';
import { SentAnswer, type MissingPart, type WorkerHeaders } from './sent-answer.ts';
import type { Exchanger } from './shared-answers.ts';

export class AnswerPassage implements Dispatcher.DispatchHandler {
  readonly #request: ForwardRequest;
  readonly #disk: SharedDisk | undefined;
  readonly #sent: SentAnswer;
  #namedFile: NamedFile | undefined;
  #followed: FollowedFile | undefined;
  #missing: MissingPart | undefined;
  /** Bytes that follow the part of a file that is still being sent. */
  readonly #held: Buffer[] = [];
  #passedBytes = 0;
  /** Of an answer whose end says nothing of whether it is whole. */
  #expectedBytes: number | undefined;
  #done: (error?: Error) => void = () => undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #workerRun: string | undefined;
  #isBroken = false;

  /** Takes files in place of bodies where there is a disk to find them on. */
  constructor(request: ForwardRequest, disk: SharedDisk | undefined, sent = new SentAnswer()) {
    this.#request = request;
    this.#disk = disk;
    this.#sent = sent;
  }

  /** Of that part alone, for a client that has what comes before it. */
  static rest(request: ForwardRequest, part: MissingPart): AnswerPassage {
    const { first, last } = part.span;
    const range = { range: `bytes=${first}-${last}`, 'if-range': String(part.headers['etag']) };
    const headers = { ...request.headers, ...range };
    return new AnswerPassage({ ...request, headers }, undefined, SentAnswer.beforePart(part));
  }

  /** Set where the worker named a file: then nothing of the answer was passed on. */
  get namedFile(): NamedFile | undefined {
    return this.#namedFile;
  }

  /** Set where a file could not be followed to its end. */
  get missing(): MissingPart | undefined {
    return this.#missing;
  }

  /** Whether an heir of the worker may still bring the answer, or its rest. */
  get canGoOn(): boolean {
    if (this.#isBroken) return false;
    return !this.#request.response.headersSent || this.#sent.canBeRepeated;
  }

  /** Sends the request by `exchanger`; resolves with the error that ended the answer early, if one did. */
  attempt(exchanger: Exchanger): Promise<Error | undefined> {
    const { method, path, headers } = this.#request;
    const run = this.#workerRun === undefined ? {} : { [workerRunHeader]: this.#workerRun };
    // The rest of a body that has begun comes as a body.
    const files = this.#disk !== undefined && !this.#request.response.headersSent;
    const own = { ...headers, ...run, ...(files ? { [sendsFilesHeader]: '1' } : {}) };
    return new Promise((resolve) => {
      this.#done = resolve;
      exchanger.dispatch({ method, path, headers: own }, this);
    });
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
    controller: Dispatcher.DispatchController,
    status: number,
    headers: WorkerHeaders,
  ): void {
    // An interim answer (RFC 9110 §15.2) is for us alone.
    if (status < 200) return;
    const run = headers[workerRunHeader];
    this.#workerRun = typeof run === 'string' ? run : undefined;
    if (this.#request.response.headersSent) {
      if (!this.#sent.beginAgain(status, headers)) this.#break(controller);
      return;
    }
    const disk = this.#disk;
    this.#namedFile = disk && tryNamedFile(status, headers);
    if (disk === undefined || this.#namedFile === undefined) this.#begin(status, headers);
    else if (this.#namedFile.grows) this.#follow(controller, { file: this.#namedFile, disk });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#followed !== undefined) this.#takeProgress(controller, this.#followed, chunk);
    else if (!this.#pass(controller, chunk)) controller.pause();
  }

  onResponseEnd(): void {
    void this.#over(undefined);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    void this.#over(error);
  }

  readonly #onClose = (): void => this.#controller?.abort(new Error('the client left'));
  readonly #onDrain = (): void => this.#controller?.resume();

  #begin(status: number, headers: WorkerHeaders): void {
    const { response, answerHeaders, keeper } = this.#request;
    this.#sent.begin(status, headers);
    response.writeHead(status, answerHeaders(headers));
    keeper?.begin(status, headers);
    // Without it the head waits for the first bytes of the body, which may be far off.
    setImmediate(() => {
      if (!response.writableEnded && !response.destroyed) response.flushHeaders();
    });
  }

  /** Sends a file as the worker tells how far it has come; the head waits until it is open. */
  #follow(
    controller: Dispatcher.DispatchController,
    { file, disk }: { readonly file: NamedFile; readonly disk: SharedDisk },
  ): void {
    const { status, headers, path, span } = file;
    const abort = (): void => controller.abort(new Error('its file cannot be read'));
    if (span === undefined) {
      abort();
      return;
    }
    const followed = new FollowedFile({
      ...{ disk, path, span, headers, response: this.#request.response },
      onBegin: () => {
        this.#namedFile = undefined;
        this.#expectedBytes = span.last + 1 - span.first;
        this.#begin(status, headers);
      },
      onPiece: (piece) => {
        this.#sent.add(piece);
        this.#passedBytes += piece.length;
      },
    });
    this.#followed = followed;
    followed.sent.then((isBegun) => {
      if (!isBegun) abort();
    }, abort);
  }

  #takeProgress(
    controller: Dispatcher.DispatchController,
    followed: FollowedFile,
    chunk: Buffer,
  ): void {
    try {
      const bytes = followed.take(chunk);
      if (bytes.length === 0) return;
      controller.pause();
      this.#held.push(bytes);
      if (this.#held.length > 1) return;
      const pass = (): void => {
        this.#followed = undefined;
        const rooms = this.#held.splice(0).map((held) => this.#pass(controller, held));
        if (rooms.at(-1) === true) controller.resume();
      };
      // What went wrong with the file is told where the answer is over.
      followed.sent.then(pass, () => undefined);
    } catch (error) {
      this.#isBroken = true;
      controller.abort(error as Error);
    }
  }

  /** Whether the client may be given more at once. */
  #pass(controller: Dispatcher.DispatchController, chunk: Buffer): boolean {
    const fresh = this.#sent.fresh(chunk);
    if (fresh === undefined) {
      this.#break(controller);
      return false;
    }
    if (fresh.length === 0) return true;
    this.#sent.add(fresh);
    this.#passedBytes += fresh.length;
    this.#request.keeper?.add(fresh);
    return this.#request.response.write(fresh);
  }

  /** The worker has ended its answer, by `error` if it did not get to the end. */
  async #over(error: Error | undefined): Promise<void> {
    const { response } = this.#request;
    response.off('close', this.#onClose).off('drain', this.#onDrain);
    const failure = (await this.#fileFailure()) ?? error;
    if (this.#namedFile !== undefined) this.#done();
    else if (failure !== undefined) this.#done(failure);
    else this.#finish();
  }

  /** Waits until a followed file is sent as far as it goes; what hindered it. */
  async #fileFailure(): Promise<Error | undefined> {
    const followed = this.#followed;
    if (followed === undefined) return undefined;
    followed.end();
    try {
      await followed.sent;
      return undefined;
    } catch (error) {
      this.#isBroken = true;
      if (error instanceof BrokenFileError) {
        this.#request.onBroken(error);
        this.#missing = followed.missingFrom(error.position);
      }
      return error as Error;
    } finally {
      this.#followed = undefined;
    }
  }

  #finish(): void {
    const isWhole = [undefined, this.#passedBytes].includes(this.#expectedBytes);
    if (this.#sent.isRepeating || !isWhole) {
      this.#isBroken = true;
      this.#done(anotherAnswer());
      return;
    }
    this.#request.response.end();
    this.#request.keeper?.end();
    this.#done();
  }

  #break(controller: Dispatcher.DispatchController): void {
    this.#isBroken = true;
    controller.abort(anotherAnswer());
  }
}

function anotherAnswer(): Error {
  return new Error('what came again was another answer');
}
