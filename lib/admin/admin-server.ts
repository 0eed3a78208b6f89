/**
 * The admin listener: health, metrics and the status pages, for reading alone. On loopback or a
 * unix socket only, and for requests that name it so: a web page elsewhere that has its own name
 * resolve to loopback (DNS rebinding) gets nothing.
 */
import { chmod } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { endpointText, type Endpoint } from '../net/endpoint.ts';
import { errorMessage, MirrorgateError } from '../errors/mirrorgate-error.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import { isOwnHost } from './own-host.ts';
import { sendText } from './responses.ts';

export interface AdminExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
}

/** Answers one path. What it throws is logged and answered by 500. */
export type AdminRoute = (exchange: AdminExchange) => Promise<void> | void;

export interface AdminOptions {
  readonly endpoint: Endpoint;
  readonly isReady: () => boolean;
  /** By path, beside `/healthz` and `/readyz`. */
  readonly routes: ReadonlyMap<string, AdminRoute>;
  readonly logger: Logger;
}

/** Nothing here takes long to ask for. */
const requestTimeoutMs = 10_000;

export class AdminServer {
  readonly #options: AdminOptions;
  readonly #server: Server;

  constructor(options: AdminOptions) {
    this.#options = options;
    this.#server = createServer({ requestTimeout: requestTimeoutMs }, (request, response) => {
      void this.#answer(request, response);
    });
    this.#server.on('clientError', (_error, socket) => socket.destroy());
  }

  /** A unix socket's path must be free. @throws MirrorgateError `MIRRORGATE_ADMIN_LISTEN` */
  async listen(): Promise<void> {
    const { endpoint } = this.#options;
    try {
      await this.#bind(endpoint);
      if (endpoint.kind === 'unix') await chmod(endpoint.path, 0o600);
    } catch (cause) {
      throw new MirrorgateError(
        'MIRRORGATE_ADMIN_LISTEN',
        `cannot listen on ${endpointText(endpoint)}: ${errorMessage(cause)}`,
        { cause, hint: 'stop what listens there, or change listen.admin' },
      );
    }
  }

  /** Where it listens, with the real port. */
  get address(): Endpoint {
    const { endpoint } = this.#options;
    const bound = this.#server.address();
    if (endpoint.kind === 'unix' || bound === null || typeof bound === 'string') return endpoint;
    return { ...endpoint, port: bound.port };
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  #bind(endpoint: Endpoint): Promise<void> {
    const { logger } = this.#options;
    const target =
      endpoint.kind === 'unix'
        ? { path: endpoint.path }
        : { host: endpoint.address, port: endpoint.port };
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(target, () => {
        this.#server.off('error', reject);
        this.#server.on('error', (error) => {
          logger.error('admin listener in trouble', errorFields(error));
        });
        resolve();
      });
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => response.destroy());
    try {
      await this.#route(request, response);
    } catch (error) {
      this.#options.logger.error('admin request failed', errorFields(error));
      if (response.headersSent) response.destroy();
      else sendText(response, 500, `failed: ${errorMessage(error)}`);
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { endpoint, isReady, routes } = this.#options;
    if (endpoint.kind === 'tcp' && !isOwnHost(request.headers.host, endpoint.address)) {
      sendText(response, 421, 'this listener answers to localhost and its own address alone');
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      sendText(response, 405, 'there is nothing to change here');
      return;
    }
    const [path = '', query = ''] = request.url?.split('?', 2) ?? [];
    if (path === '/healthz') {
      sendText(response, 200, 'ok');
    } else if (path === '/readyz') {
      sendText(response, isReady() ? 200 : 503, isReady() ? 'ready' : 'not ready');
    } else {
      const route = routes.get(path);
      if (route === undefined) sendText(response, 404, 'not found: see /, /metrics and /healthz');
      else await route({ request, response, query: new URLSearchParams(query) });
    }
  }
}
