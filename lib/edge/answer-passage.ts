/**
 * One answer on its way from a worker to a client, at the client's pace. Should the worker die in
 * the middle, its heir sends the answer again: what the client has is skipped, and compared, so
 * that nobody ever gets the beginning of one content and the end of another.
 */
import type { ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import {
  fileHeader,
  fileSpanHeader,
  sendsFilesHeader,
  tryFileSpan,
  workerRunHeader,
  type FileSpan,
} from '../net/internal-headers.ts';
import { ByteMark } from './byte-mark.ts';

export interface ForwardRequest {
  readonly method: 'GET' | 'HEAD';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly response: ServerResponse;
  /** Makes the client's headers from the worker's. */
  readonly answerHeaders: (received: WorkerHeaders) => Record<string, string>;
  /** Sees what is passed on. */
  readonly keeper?: AnswerKeeper | undefined;
}

/** Looks on while an answer passes; `end` is called only where all of it has. */
export interface AnswerKeeper {
  begin(status: number, headers: WorkerHeaders): void;
  add(chunk: Buffer): void;
  end(): void;
}

export type WorkerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** What a worker answers with in place of a body, where the edge can send the file by itself. */
export interface NamedFile {
  readonly status: number;
  readonly headers: WorkerHeaders;
  readonly path: string;
  /** Undefined where the worker wrote none. */
  readonly span: FileSpan | undefined;
}

/** What of an answer's head must be the same for its body to be the same. */
interface Head {
  readonly status: number;
  readonly etag: string;
  readonly length: string | string[] | undefined;
  readonly range: string | string[] | undefined;
}

interface Repetition {
  /** What the client has. */
  readonly wanted: { readonly count: number; readonly tag: Buffer };
  readonly seen: ByteMark;
}

export class AnswerPassage implements Dispatcher.DispatchHandler {
  readonly #request: ForwardRequest;
  readonly #takesFiles: boolean;
  #namedFile: NamedFile | undefined;
  #done: (error?: Error) => void = () => undefined;
  #controller: Dispatcher.DispatchController | undefined;
  /** Undefined where the answer is none that could go on after a break. */
  #head: Head | undefined;
  #workerRun: string | undefined;
  #passed = new ByteMark();
  #repetition: Repetition | undefined;
  #isBroken = false;

  constructor(request: ForwardRequest, takesFiles: boolean) {
    this.#request = request;
    this.#takesFiles = takesFiles;
  }

  /** Set where the worker named a file: then nothing of the answer was passed on. */
  get namedFile(): NamedFile | undefined {
    return this.#namedFile;
  }

  /** Whether an heir of the worker may still bring the answer, or its rest. */
  get canGoOn(): boolean {
    if (this.#isBroken) return false;
    return !this.#request.response.headersSent || this.#head !== undefined;
  }

  /** Sends the request; resolves with the error that ended the answer early, if one did. */
  attempt(dispatcher: Dispatcher): Promise<Error | undefined> {
    const { method, path, headers } = this.#request;
    const run = this.#workerRun === undefined ? {} : { [workerRunHeader]: this.#workerRun };
    // The rest of a body that has begun comes as a body.
    const files = this.#takesFiles && !this.#request.response.headersSent;
    const own = { ...headers, ...run, ...(files ? { [sendsFilesHeader]: '1' } : {}) };
    return new Promise((resolve) => {
      this.#done = resolve;
      dispatcher.dispatch({ method, path, headers: own }, this);
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
    const { response, answerHeaders } = this.#request;
    if (this.#takesFiles && !response.headersSent) {
      this.#namedFile = tryNamedFile(status, headers);
      if (this.#namedFile !== undefined) return;
    }
    const head = tryHead(status, headers);
    if (response.headersSent) {
      if (isSame(head, this.#head)) this.#repeat();
      else this.#break(controller);
      return;
    }
    const run = headers[workerRunHeader];
    this.#head = head;
    this.#workerRun = typeof run === 'string' ? run : undefined;
    response.writeHead(status, answerHeaders(headers));
    this.#request.keeper?.begin(status, headers);
    // Without it the head waits for the first bytes of the body, which may be far off.
    setImmediate(() => {
      if (!response.writableEnded && !response.destroyed) response.flushHeaders();
    });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const fresh = this.#fresh(chunk);
    if (fresh === undefined) {
      this.#break(controller);
      return;
    }
    if (fresh.length === 0) return;
    if (this.#head !== undefined) this.#passed.add(fresh);
    this.#request.keeper?.add(fresh);
    if (!this.#request.response.write(fresh)) controller.pause();
  }

  onResponseEnd(): void {
    this.#release();
    if (this.#namedFile !== undefined) {
      this.#done();
    } else if (this.#repetition === undefined) {
      this.#request.response.end();
      this.#request.keeper?.end();
      this.#done();
    } else {
      this.#isBroken = true;
      this.#done(anotherAnswer());
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#release();
    this.#done(error);
  }

  readonly #onClose = (): void => this.#controller?.abort(new Error('the client left'));
  readonly #onDrain = (): void => this.#controller?.resume();

  #repeat(): void {
    const wanted = this.#repetition?.wanted ?? {
      count: this.#passed.count,
      tag: this.#passed.seal(),
    };
    this.#passed = new ByteMark();
    this.#repetition = { wanted, seen: new ByteMark() };
  }

  /** What of `chunk` the client does not have; undefined where what it has is not this content. */
  #fresh(chunk: Buffer): Buffer | undefined {
    const repetition = this.#repetition;
    if (repetition === undefined) return chunk;
    const { wanted, seen } = repetition;
    const known = chunk.subarray(0, wanted.count - seen.count);
    seen.add(known);
    this.#passed.add(known);
    if (seen.count < wanted.count) return Buffer.alloc(0);
    this.#repetition = undefined;
    return seen.seal().equals(wanted.tag) ? chunk.subarray(known.length) : undefined;
  }

  #break(controller: Dispatcher.DispatchController): void {
    this.#isBroken = true;
    controller.abort(anotherAnswer());
  }

  #release(): void {
    this.#request.response.off('close', this.#onClose).off('drain', this.#onDrain);
  }
}

function anotherAnswer(): Error {
  return new Error('what came again was another answer');
}

function tryNamedFile(status: number, headers: WorkerHeaders): NamedFile | undefined {
  const path = headers[fileHeader];
  if (typeof path !== 'string') return undefined;
  return { status, headers, path, span: tryFileSpan(headers[fileSpanHeader]) };
}

/** Undefined where the worker did not say which content it is. */
function tryHead(status: number, headers: WorkerHeaders): Head | undefined {
  const { etag, 'content-length': length, 'content-range': range } = headers;
  return typeof etag === 'string' ? { status, etag, length, range } : undefined;
}

function isSame(one: Head | undefined, other: Head | undefined): boolean {
  return (
    one !== undefined &&
    one.status === other?.status &&
    one.etag === other.etag &&
    one.length === other.length &&
    one.range === other.range
  );
}
