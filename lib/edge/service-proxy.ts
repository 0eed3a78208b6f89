/**
 * Other backends behind the same TLS, allow-list and limits: object storage, package mirrors.
 * Any method, bodies and WebSocket upgrades pass; what a client claims of its origin does not.
 */
import {
  Agent as HttpAgent,
  type ClientRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { Socket } from 'node:net';
import { pipeline, type Duplex } from 'node:stream';
import { createProxyServer, type ProxyServer } from 'httpxy';
import type { Service } from '../config/configuration.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import { joinUpgrade } from './joined-upgrade.ts';
import type { Limits } from './limits.ts';
import type { Pace } from './paced-response.ts';
import type { Peer } from './peer.ts';
import {
  prepareServiceRequest,
  prepareServiceUpgrade,
  serviceAnswerHeaders,
} from './service-headers.ts';

export interface ServiceExchange {
  readonly service: Service;
  readonly peer: Peer;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

export interface ServiceUpgrade {
  readonly service: Service;
  readonly peer: Peer;
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What the client has said after its request. */
  readonly head: Buffer;
}

export interface ServiceProxyOptions {
  readonly logger: Logger;
  readonly limits: Pick<Limits, 'slowReaderWindowMs'>;
  /** Told of every connection that may become a WebSocket, to watch how the client takes it. */
  readonly onUpgrade: (socket: Socket) => void;
}

/** A backend that is silent for longer is given up. */
const backendTimeoutMs = 60_000;

export class ServiceProxy {
  readonly #options: ServiceProxyOptions;
  readonly #proxy: ProxyServer;
  /** Of clients whose connections become WebSockets. */
  readonly #paces = new WeakMap<Duplex, Pace>();
  readonly #agents = {
    'http:': new HttpAgent({ keepAlive: true, maxSockets: 256 }),
    'https:': new HttpsAgent({ keepAlive: true, maxSockets: 256 }),
  };

  constructor(options: ServiceProxyOptions) {
    this.#options = options;
    this.#proxy = createProxyServer({
      proxyTimeout: backendTimeoutMs,
      upgradeTimeout: backendTimeoutMs,
      // Left to itself it throws out of an event for an answer that Node cannot repeat.
      selfHandleResponse: true,
    });
    this.#proxy.on('error', (error, request, outlet) => this.#fail(error, request, outlet));
    this.#proxy.on('proxyReq', (outgoing, request, response) => {
      this.#watch(outgoing, request, response);
    });
    this.#proxy.on('proxyRes', (answer, request, response) => {
      this.#pass(answer, request, response);
    });
    this.#proxy.on('proxyReqWs', (outgoing, request, socket) => {
      this.#join(outgoing, request, socket);
    });
  }

  async forward({ service, peer, request, response }: ServiceExchange): Promise<void> {
    if (request.headers.expect !== undefined) {
      if (request.headers.expect.toLowerCase() !== '100-continue') {
        response.shouldKeepAlive = false;
        response.writeHead(417).end();
        return;
      }
      response.writeContinue();
      delete request.headers.expect;
    }
    prepareServiceRequest(request, peer);
    // httpxy and the pipeline of the answer listen for its end as well.
    response.setMaxListeners(16);
    await this.#proxy.web(request, response, this.#outgoing(service));
  }

  async upgrade({ service, peer, request, socket, head }: ServiceUpgrade): Promise<void> {
    prepareServiceUpgrade(request, peer);
    this.#paces.set(socket, peer.passage.pace);
    await this.#proxy.ws(request, socket as Socket, this.#outgoing(service), head);
  }

  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  #outgoing({ target }: Service) {
    const secure = target.startsWith('https:');
    return { target, agent: secure ? this.#agents['https:'] : this.#agents['http:'] };
  }

  /** An end without answer and without error: Node's way with a 101 that nobody asked for. */
  #watch(outgoing: ClientRequest, request: IncomingMessage, response: ServerResponse): void {
    outgoing.once('close', () => {
      if (response.headersSent || response.destroyed) return;
      this.#fail(new Error('the backend gave no answer'), request, response);
    });
  }

  #pass(answer: IncomingMessage, request: IncomingMessage, response: ServerResponse): void {
    try {
      response.writeHead(answer.statusCode ?? 0, serviceAnswerHeaders(answer));
    } catch (error) {
      answer.destroy();
      this.#fail(error, request, response);
      return;
    }
    // An answer that breaks off breaks the client's off.
    pipeline(answer, response, () => undefined);
  }

  #join(outgoing: ClientRequest, request: IncomingMessage, socket: Socket): void {
    const pace = this.#paces.get(socket);
    if (pace === undefined) return;
    this.#options.onUpgrade(socket);
    joinUpgrade(outgoing, socket, {
      pace,
      lingerMs: this.#options.limits.slowReaderWindowMs,
      onError: (error) => this.#fail(error, request),
    });
  }

  #fail(error: unknown, request?: IncomingMessage, outlet?: ServerResponse | Socket): void {
    // Without the query: signed URLs are as good as a password.
    const target = request?.url?.split('?', 1)[0];
    this.#options.logger.warn('service failed', { target, ...errorFields(error) });
    if (outlet === undefined) return;
    if (outlet instanceof Socket || outlet.headersSent) {
      if (!outlet.writableEnded) outlet.destroy();
      return;
    }
    outlet.writeHead(502, { 'content-type': 'text/plain; charset=utf-8' });
    outlet.end('the service behind this host did not answer\n');
  }
}
