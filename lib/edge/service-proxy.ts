/**
 * Other backends behind the same TLS, allow-list and limits: object storage, package mirrors.
 * Any method, bodies and WebSocket upgrades pass; what a client claims of its origin does not.
 */
import { Agent as HttpAgent, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createProxyServer, type ProxyServer } from 'httpxy';
import type { Service } from '../config/configuration.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';

/** Set by us from the connection, or meant for one hop only (RFC 9110 §7.6.1). */
const strippedHeaders = [
  'forwarded',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
];

/** A backend that is silent for longer is given up. */
const backendTimeoutMs = 60_000;

export class ServiceProxy {
  readonly #logger: Logger;
  readonly #proxy: ProxyServer;
  readonly #agents = {
    'http:': new HttpAgent({ keepAlive: true, maxSockets: 256 }),
    'https:': new HttpsAgent({ keepAlive: true, maxSockets: 256 }),
  };

  constructor(logger: Logger) {
    this.#logger = logger;
    this.#proxy = createProxyServer({ xfwd: true, proxyTimeout: backendTimeoutMs });
    this.#proxy.on('error', (error, request, outlet) => this.#fail(error, request, outlet));
  }

  async forward(
    service: Service,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (request.headers.expect !== undefined) {
      if (request.headers.expect.toLowerCase() !== '100-continue') {
        response.writeHead(417, { connection: 'close' }).end();
        return;
      }
      response.writeContinue();
      delete request.headers.expect;
    }
    strip(request);
    await this.#proxy.web(request, response, this.#options(service));
  }

  async upgrade(
    service: Service,
    request: IncomingMessage,
    { socket, head }: { readonly socket: Duplex; readonly head: Buffer },
  ): Promise<void> {
    strip(request);
    await this.#proxy.ws(request, socket as Socket, this.#options(service), head);
  }

  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  #options({ target }: Service) {
    const secure = target.startsWith('https:');
    return { target, agent: secure ? this.#agents['https:'] : this.#agents['http:'] };
  }

  #fail(error: Error, request?: IncomingMessage, outlet?: ServerResponse | Socket): void {
    this.#logger.warn('service failed', { target: request?.url, ...errorFields(error) });
    if (outlet === undefined) return;
    if (outlet instanceof Socket || outlet.headersSent) {
      outlet.destroy();
      return;
    }
    outlet.writeHead(502, { 'content-type': 'text/plain; charset=utf-8' });
    outlet.end('the service behind this host did not answer\n');
  }
}

function strip(request: IncomingMessage): void {
  for (const name of strippedHeaders) Reflect.deleteProperty(request.headers, name);
}
