/**
 * One exchange with a worker for all clients of an edge that ask for the same blob at the same
 * time. Only an answer that names a file is shared, since each client is sent the file by itself;
 * any other goes to who asked first, and the others ask for themselves.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { cacheStatusText } from '../net/cache-status.ts';
import { bytesFollowLine, FileProgress, progressLine } from '../net/file-progress.ts';
import { upstreamRequestsHeader } from '../net/internal-headers.ts';
import { tryNamedFile, type NamedFile } from './named-file.ts';
import { Subscriber } from './subscriber.ts';

/** What sends a request and tells its handler what comes of it. */
export type Exchanger = Pick<Dispatcher, 'dispatch'>;

export class SharedAnswers implements Exchanger {
  readonly #exchanger: Exchanger;
  readonly #open = new Map<string, SharedAnswer>();

  constructor(exchanger: Exchanger) {
    this.#exchanger = exchanger;
  }

  /** Requests are told apart by their path alone: all that come here must be alike in the rest. */
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const { path } = options;
    const open = this.#open.get(path);
    if (open !== undefined) {
      open.join(handler);
      return true;
    }
    const answer = new SharedAnswer(handler, {
      onClosed: () => {
        if (this.#open.get(path) === answer) this.#open.delete(path);
      },
      askAlone: (other) => void this.#exchanger.dispatch(options, other),
    });
    this.#open.set(path, answer);
    return this.#exchanger.dispatch(options, answer);
  }
}

interface SharedAnswerOptions {
  /** Nobody may join any more. Called once or more. */
  readonly onClosed: () => void;
  /** Has the request sent for `handler` by itself. */
  readonly askAlone: (handler: Dispatcher.DispatchHandler) => void;
}

/** What is known of a shared answer once it has begun. */
interface Shared {
  readonly status: number;
  /** As they are for those who did not ask first. */
  readonly headers: IncomingHttpHeaders;
  readonly first: number;
  readonly progress: FileProgress;
}

class SharedAnswer implements Dispatcher.DispatchHandler {
  readonly #options: SharedAnswerOptions;
  /** Those who are told what comes. */
  readonly #subscribers = new Set<Subscriber>();
  /** Those who came before it was known whether there is anything to share. */
  #waiting: Dispatcher.DispatchHandler[] = [];
  #controller: Dispatcher.DispatchController | undefined;
  #shared: Shared | undefined;

  constructor(first: Dispatcher.DispatchHandler, options: SharedAnswerOptions) {
    this.#options = options;
    this.#subscribe(first);
  }

  join(handler: Dispatcher.DispatchHandler): void {
    if (this.#shared === undefined) this.#waiting.push(handler);
    else this.#admit(handler, this.#shared);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#tell((subscriber) => subscriber.handler.onRequestStart?.(subscriber, undefined));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200) return;
    const file = tryNamedFile(status, headers);
    const waiting = this.#waiting;
    this.#waiting = [];
    if (file?.span === undefined) {
      this.#options.onClosed();
      for (const handler of waiting) this.#options.askAlone(handler);
    }
    this.#tell((subscriber) => {
      subscriber.handler.onResponseStart?.(subscriber, status, headers);
    });
    if (file?.span !== undefined) {
      const { first, last } = file.span;
      const progress = new FileProgress(first, last + 1);
      const shared = { status, headers: joinedHeaders(headers, file), first, progress };
      this.#shared = shared;
      for (const handler of waiting) this.#admit(handler, shared);
    }
    this.#heed();
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#shared === undefined) {
      this.#pass(chunk);
      return;
    }
    const { progress } = this.#shared;
    const { position, bytesFollow } = progress;
    try {
      const bytes = progress.take(chunk);
      // Told anew, since who joins between two chunks must not begin within a line.
      if (progress.position > position) this.#pass(Buffer.from(progressLine(progress.position)));
      if (progress.bytesFollow && !bytesFollow) {
        // They pass once, at the pace of the slowest: nobody can begin in the middle of them.
        this.#options.onClosed();
        this.#pass(Buffer.from(bytesFollowLine));
      }
      if (bytes.length > 0) this.#pass(bytes);
    } catch (error) {
      controller.abort(error as Error);
    }
  }

  onResponseEnd(_controller: Dispatcher.DispatchController, trailers: IncomingHttpHeaders): void {
    this.#over((subscriber) => subscriber.handler.onResponseEnd?.(subscriber, trailers));
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    for (const handler of this.#waiting.splice(0)) this.#subscribe(handler);
    this.#over((subscriber) => subscriber.handler.onResponseError?.(subscriber, error));
  }

  #subscribe(handler: Dispatcher.DispatchHandler): Subscriber {
    const subscriber = new Subscriber(handler, () => {
      if (subscriber.aborted) this.#subscribers.delete(subscriber);
      this.#heed();
    });
    this.#subscribers.add(subscriber);
    return subscriber;
  }

  /** Tells one who joins what the others know already. */
  #admit(handler: Dispatcher.DispatchHandler, shared: Shared): void {
    const { status, headers, first, progress } = shared;
    const subscriber = this.#subscribe(handler);
    handler.onRequestStart?.(subscriber, undefined);
    if (!subscriber.aborted) handler.onResponseStart?.(subscriber, status, headers);
    if (subscriber.aborted || progress.position === first) return;
    handler.onResponseData?.(subscriber, Buffer.from(progressLine(progress.position)));
  }

  #pass(chunk: Buffer): void {
    this.#tell((subscriber) => subscriber.handler.onResponseData?.(subscriber, chunk));
  }

  #tell(what: (subscriber: Subscriber) => void): void {
    for (const subscriber of this.#subscribers) what(subscriber);
  }

  #over(what: (subscriber: Subscriber) => void): void {
    this.#options.onClosed();
    this.#controller = undefined;
    this.#tell(what);
    this.#subscribers.clear();
  }

  /** What all of them together want of the exchange. */
  #heed(): void {
    const controller = this.#controller;
    if (controller === undefined) return;
    if (this.#subscribers.size === 0 && this.#waiting.length === 0) {
      this.#options.onClosed();
      controller.abort(new Error('the clients left'));
    } else if (isAnyPaused(this.#subscribers)) controller.pause();
    else controller.resume();
  }
}

function isAnyPaused(subscribers: Iterable<Subscriber>): boolean {
  for (const { paused } of subscribers) if (paused) return true;
  return false;
}

/** Theirs cost no request to the upstream. */
function joinedHeaders(headers: IncomingHttpHeaders, { grows }: NamedFile): IncomingHttpHeaders {
  return {
    ...headers,
    [upstreamRequestsHeader]: '0',
    ...(grows ? { 'cache-status': cacheStatusText('miss-collapsed') } : {}),
  };
}
