/** The admin listener: whether the gate lives and is ready. On loopback or a unix socket only. */
import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { endpointText, type Endpoint } from '../net/endpoint.ts';
import { errorMessage, MirrorgateError } from '../errors/mirrorgate-error.ts';

export interface AdminOptions {
  readonly endpoint: Endpoint;
  readonly isReady: () => boolean;
}

export class AdminServer {
  readonly #options: AdminOptions;
  readonly #server: Server;

  constructor(options: AdminOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      this.#answer(request.url?.split('?', 1)[0] ?? '', response);
    });
  }

  /** @throws MirrorgateError `MIRRORGATE_ADMIN_LISTEN` */
  async listen(): Promise<void> {
    const { endpoint } = this.#options;
    if (endpoint.kind === 'unix') await rm(endpoint.path, { force: true });
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject);
        const target =
          endpoint.kind === 'unix'
            ? { path: endpoint.path }
            : { host: endpoint.address, port: endpoint.port };
        this.#server.listen(target, resolve);
      });
    } catch (cause) {
      throw new MirrorgateError(
        'MIRRORGATE_ADMIN_LISTEN',
        `cannot listen on ${endpointText(endpoint)}: ${errorMessage(cause)}`,
        { cause, hint: 'stop what listens there, or change listen.admin' },
      );
    }
    if (endpoint.kind === 'unix') await chmod(endpoint.path, 0o600);
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

  #answer(path: string, response: ServerResponse): void {
    switch (path) {
      case '/healthz':
        sendText(response, 200, 'ok');
        return;
      case '/readyz':
        if (this.#options.isReady()) sendText(response, 200, 'ready');
        else sendText(response, 503, 'not ready');
        return;
      default:
        sendText(response, 404, 'not found: see /healthz and /readyz');
    }
  }
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}
