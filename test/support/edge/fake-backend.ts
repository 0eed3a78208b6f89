/** A backend behind a service for tests: keeps what it is asked, and echoes what is upgraded. */
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Service } from '../../../lib/config/configuration.ts';
import { hostNames } from '../test-certificates.ts';

export const serviceHost = 's3.example.test';

export interface BackendRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  body: string | undefined;
  /** Undefined while it is being answered; false where the edge went away before the end. */
  complete: boolean | undefined;
}

/** `head` is what the edge has sent after its request. */
export type UpgradeHandler = (socket: Socket, head: Buffer) => void;

export type BackendHandler = (request: IncomingMessage, response: ServerResponse) => void;

export class FakeBackend {
  readonly requests: BackendRequest[] = [];
  /** Connections that were upgraded and still stand. */
  readonly upgraded = new Set<Socket>();
  handler: BackendHandler = (_request, response) => response.end('stored');
  /** Undefined where no upgrade is to be answered. */
  greeting: string | undefined =
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello ';
  /** After the greeting: an echo unless told. */
  upgradeHandler: UpgradeHandler = (socket, head) => {
    socket.write(head);
    socket.on('data', (chunk: Buffer) => socket.write(chunk));
  };
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.on('upgrade', (request, socket: Socket, head) => {
      this.#keep(request);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.upgraded.delete(socket));
      socket.on('end', () => socket.end());
      this.upgraded.add(socket);
      socket.resume();
      if (this.greeting === undefined) return;
      socket.write(this.greeting);
      this.upgradeHandler(socket, head);
    });
  }

  static async start(): Promise<FakeBackend> {
    const backend = new FakeBackend();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    backend.#server.listen(0, '127.0.0.1', () => resolve(undefined));
    await promise;
    return backend;
  }

  get service(): Service {
    const { port } = this.#server.address() as AddressInfo;
    return { name: 's3', hosts: hostNames(serviceHost), target: `http://127.0.0.1:${port}` };
  }

  /** Ends as a killed process does. Idempotent. */
  async kill(): Promise<void> {
    if (!this.#server.listening) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#server.close(() => resolve(undefined));
    this.#server.closeAllConnections();
    for (const socket of this.upgraded) socket.destroy();
    await promise;
  }

  #keep({ method = '', url: target = '', headers }: IncomingMessage): BackendRequest {
    const record = { method, target, headers, body: undefined, complete: undefined };
    this.requests.push(record);
    return record;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const record = this.#keep(request);
    response.on('close', () => (record.complete = response.writableFinished));
    this.handler(request, response);
    try {
      record.body = (await buffer(request)).toString('latin1');
    } catch {
      // The edge broke the body off: `body` stays undefined.
    }
  }
}
