/** pebble-challtestsrv as the name server of a lab: every name is 127.0.0.1 unless told. */
import { request } from 'undici';
import { Daemon } from '../lab/daemon.ts';
import { freePort } from '../lab/free-port.ts';
import { machine } from '../lab/place.ts';

export class NameServer {
  readonly address: string;
  readonly managementUrl: string;
  readonly #daemon: Daemon;

  private constructor(dnsPort: number, managementPort: number) {
    this.address = `127.0.0.1:${dnsPort}`;
    this.managementUrl = `http://127.0.0.1:${managementPort}`;
    this.#daemon = new Daemon({
      name: 'pebble-challtestsrv',
      place: machine,
      command: [
        '/usr/bin/pebble-challtestsrv',
        ...['-management', `127.0.0.1:${managementPort}`, '-dns01', this.address],
        ...['-defaultIPv4', '127.0.0.1', '-defaultIPv6', ''],
        ...['-http01', '', '-https01', '', '-tlsalpn01', ''],
      ],
    });
  }

  static async start(): Promise<NameServer> {
    const server = new NameServer(await freePort(), await freePort());
    await server.#daemon.waitFor('answer of its management', async () => {
      try {
        await server.tell('/clear-a', { host: 'nobody.example.test.' });
        return true;
      } catch {
        // Not listening yet.
        return undefined;
      }
    });
    return server;
  }

  /** Lets `host` resolve to `addresses` from now on. */
  async setAddresses(host: string, addresses: readonly string[]): Promise<void> {
    await this.tell('/clear-a', { host: `${host}.` });
    await this.tell('/add-a', { host: `${host}.`, addresses });
  }

  /** Calls its management interface; see the README of pebble-challtestsrv. */
  async tell(path: string, body: unknown): Promise<void> {
    const { statusCode, body: answer } = await request(`${this.managementUrl}${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    await answer.dump();
    if (statusCode !== 200) throw new TypeError(`${path} answered with ${statusCode}`);
  }

  async close(): Promise<void> {
    await this.#daemon.kill();
  }
}
