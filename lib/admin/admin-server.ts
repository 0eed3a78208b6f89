/** The admin listener: whether the gate lives and is ready. On loopback or a unix socket only. */
import { chmod } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { endpointText, type Endpoint } from '../net/endpoint.ts';
import { errorMessage, MirrorgateError } from '../errors/mirrorgate-error.ts';

export interface AdminOptions {
  readonly endpoint: Endpoint;
  readonly isReady: () => boolean;
  /** Told what goes wrong with accepting (`EMFILE`) after `listen`. */
  readonly onError: (error: Error) => void;
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
    const target =
      endpoint.kind === 'unix'
        ? { path: endpoint.path }
        : { host: endpoint.address, port: endpoint.port };
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(target, () => {
        this.#server.off('error', reject);
        this.#server.on('error', this.#options.onError);
        resolve();
      });
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
