/** A proxy that sends every CONNECT to the same port of this machine, whatever name it is for. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';

export class ConnectProxy {
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<ConnectProxy> {
    const server = createServer();
    server.on('connect', (request, client) => {
      const port = Number(/:(\d+)$/.exec(request.url ?? '')?.[1]);
      const target = connect(port, '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connected\r\n\r\n');
        pipeline(client, target, () => target.destroy());
        pipeline(target, client, () => client.destroy());
      });
      target.on('error', () => client.destroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ConnectProxy(server);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
