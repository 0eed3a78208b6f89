/**
 * Debian's docker-registry (distribution 2.8): the upstream of a mirror, or, in its own
 * pull-through mode, a peer to compare with. Its access log says what reached it.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { runCommand } from './command.ts';
import { Daemon } from './daemon.ts';
import { freePort } from './free-port.ts';
import { machine, type Place } from './place.ts';
import { TemporaryDirectory } from './temporary-directory.ts';

export interface RegistryOptions {
  /** The machine unless told. */
  readonly place?: Place;
  /** Address to listen on, 127.0.0.1 unless told. */
  readonly address?: string;
  /** Asks every client for this login. */
  readonly credentials?: { readonly username: string; readonly password: string };
  /** Speaks https; paths of PEM files. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Folder of its content; one of its own unless told. */
  readonly storage?: string;
  /** Pull-through mode: the registry whose content it serves. */
  readonly proxy?: { readonly remoteUrl: string };
}

/** One line of its access log. */
export interface RegistryRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly status: number;
  readonly userAgent: string;
}

const readyDeadlineMs = 15_000;
const startAttempts = 3;
/** How requests of the lab itself are known, so that they are not counted. */
const labAgent = 'mirrorgate-lab';

export class DebianRegistry {
  readonly host: string;
  readonly url: string;
  readonly #place: Place;
  readonly #directory: TemporaryDirectory;
  #daemon: Daemon;
  #probes = 0;

  private constructor(options: RegistryOptions, host: string, directory: TemporaryDirectory) {
    this.host = host;
    this.url = `${options.tls === undefined ? 'http' : 'https'}://${host}`;
    this.#place = options.place ?? machine;
    this.#directory = directory;
    this.#daemon = this.#serve();
  }

  static async start(options: RegistryOptions = {}): Promise<DebianRegistry> {
    const directory = await TemporaryDirectory.create('registry');
    for (let attempt = 1; ; attempt += 1) {
      const address = options.address ?? '127.0.0.1';
      const host = `${address}:${await freePort()}`;
      await writeConfiguration(options, host, directory);
      const registry = new DebianRegistry(options, host, directory);
      try {
        await registry.#untilReady();
        return registry;
      } catch (error) {
        await registry.#daemon.kill();
        if (attempt === startAttempts) {
          await directory.close();
          throw error;
        }
      }
    }
  }

  /** Every request so far that was not the lab's own, oldest first. */
  async requests(): Promise<readonly RegistryRequest[]> {
    await this.#probe();
    return this.#daemon.stdout.flatMap((line) => {
      const request = tryRegistryRequest(line);
      return request === undefined || request.userAgent === labAgent ? [] : [request];
    });
  }

  /** The requests that reached it while `action` ran. */
  async requestsDuring(action: () => Promise<unknown>): Promise<readonly RegistryRequest[]> {
    const before = await this.requests();
    await action();
    const after = await this.requests();
    return after.slice(before.length);
  }

  /** Ends it as kill -9 does. */
  async kill(): Promise<void> {
    await this.#daemon.kill();
  }

  /** Takes it off the network; what it stores and its address stay. */
  async stop(): Promise<void> {
    await this.#daemon.stop();
  }

  /** Brings a stopped one back; its access log begins anew. */
  async resume(): Promise<void> {
    if (this.#daemon.exit === undefined) return;
    this.#daemon = this.#serve();
    await this.#untilReady();
  }

  /** Lets it accept connections and answer none, until {@link thaw}. */
  async freeze(): Promise<void> {
    await this.#daemon.signal('SIGSTOP');
  }

  async thaw(): Promise<void> {
    await this.#daemon.signal('SIGCONT');
  }

  async close(): Promise<void> {
    await this.thaw();
    await this.#daemon.stop();
    await this.#directory.close();
  }

  #serve(): Daemon {
    return new Daemon({
      name: `docker-registry on ${this.host}`,
      place: this.#place,
      command: ['docker-registry', 'serve', this.#directory.join('registry.yml')],
    });
  }

  async #untilReady(): Promise<void> {
    await this.#daemon.waitFor('answer to GET /v2/', () => this.#tryProbe(), readyDeadlineMs);
  }

  /** Asks for a path of its own and waits for it in the log: every earlier line is there by then. */
  async #probe(): Promise<void> {
    if (this.#daemon.exit !== undefined) return;
    await this.#daemon.waitFor('line of its own in the access log', () => this.#tryProbe());
  }

  async #tryProbe(): Promise<true | undefined> {
    this.#probes += 1;
    const path = `/v2/?probe=${this.#probes}`;
    const curl = ['curl', '--silent', '--insecure', '--max-time', '5', '--user-agent', labAgent];
    try {
      await runCommand(this.#place, [...curl, `${this.url}${path}`]);
    } catch {
      return undefined;
    }
    return this.#daemon.stdout.some((line) => line.includes(`"GET ${path} `)) ? true : undefined;
  }
}

async function writeConfiguration(
  options: RegistryOptions,
  host: string,
  directory: TemporaryDirectory,
): Promise<void> {
  const { credentials, tls, proxy, storage = directory.join('storage') } = options;
  await mkdir(storage, { recursive: true });
  const configuration = {
    version: '0.1',
    log: { level: 'warn' },
    storage: {
      filesystem: { rootdirectory: storage },
      delete: { enabled: true },
    },
    http: { addr: host, ...(tls && { tls }) },
    ...(proxy && { proxy: { remoteurl: proxy.remoteUrl } }),
    ...(credentials && { auth: { htpasswd: { realm: 'lab', path: directory.join('htpasswd') } } }),
  };
  if (credentials !== undefined) {
    const { username, password } = credentials;
    const { stdout } = await runCommand(machine, ['htpasswd', '-Bbn', username, password]);
    await writeFile(directory.join('htpasswd'), stdout);
  }
  await writeFile(directory.join('registry.yml'), JSON.stringify(configuration));
}

/** A line in the combined log format, as the registry writes it on standard output. */
function tryRegistryRequest(line: string): RegistryRequest | undefined {
  const match = /"([A-Z]+) (\S+) HTTP\/[0-9.]+" ([0-9]{3}) [0-9-]+ ".*?" "(.*)"$/.exec(line);
  if (match === null) return undefined;
  const [, method = '', path = '', status = '', userAgent = ''] = match;
  return { method, path, status: Number(status), userAgent };
}
