/** A worker for tests on a real unix socket: answers as it is told, and dies when it is told. */
import { rm } from 'node:fs/promises';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';

export interface WorkerRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  /** Undefined while it is being answered; false where the edge went away before the end. */
  complete: boolean | undefined;
}

export type WorkerHandler = (request: IncomingMessage, response: ServerResponse) => void;

export class FakeWorker {
  readonly path: string;
  readonly requests: WorkerRequest[] = [];
  handler: WorkerHandler;
  #server: Server | undefined;

  constructor(path: string, handler: WorkerHandler = answerWith('content')) {
    this.path = path;
    this.handler = handler;
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => this.#serve(request, response));
    this.#server = server;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    server.once('error', reject);
    server.listen(this.path, () => resolve(undefined));
    await promise;
  }

  /** Ends as a killed process does: every connection is cut, nothing listens. Idempotent. */
  async kill(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    server.close(() => resolve(undefined));
    server.closeAllConnections();
    await promise;
    await rm(this.path, { force: true });
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const { method = '', url: target = '', headers } = request;
    const record: WorkerRequest = { method, target, headers, complete: undefined };
    this.requests.push(record);
    response.on('error', () => undefined);
    response.on('close', () => (record.complete = response.writableFinished));
    this.handler(request, response);
  }
}

/** `halfhalf` in two pieces; `finish` sends the second of the last answer that was begun. */
export class HalvedAnswer {
  #response: ServerResponse | undefined;

  readonly handler: WorkerHandler = (_request, response) => {
    response.writeHead(200, { 'content-length': 8 }).write('half');
    this.#response = response;
  };

  finish(): void {
    this.#response?.end('half');
  }
}

/** 200 with `body` and what a worker says about it. */
export function answerWith(
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): WorkerHandler {
  return (request, response) => {
    response.writeHead(200, { 'content-length': Buffer.byteLength(body), ...headers });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
}
