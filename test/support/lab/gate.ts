/**
 * The program under test as operators run it: `mirrorgate serve` from `dist/`, on a
 * configuration of its own, in a place of its own.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Daemon, type DaemonExit } from './daemon.ts';
import { freePort } from './free-port.ts';
import { machine, type Place } from './place.ts';
import { TemporaryDirectory } from './temporary-directory.ts';

/** `mirrors:` as it is written in the configuration (CONTRACT.md). */
export interface MirrorSettings {
  readonly name: string;
  readonly registry: string;
  readonly upstream: string;
  readonly hosts?: readonly string[];
  readonly ports?: readonly number[];
  readonly tags?: { readonly ttl?: string; readonly staleIfError?: string };
  readonly repositories?: readonly string[];
  readonly credentials?: {
    readonly username: string;
    readonly password: { readonly file: string };
  };
}

export interface GateOptions {
  /** The machine unless told. */
  readonly place?: Place;
  /** Address to listen on, 127.0.0.1 unless told. */
  readonly address?: string;
  /** A free one unless told. */
  readonly httpsPort?: number;
  /** A free one unless told. */
  readonly httpPort?: number;
  readonly mirrors: readonly MirrorSettings[];
  readonly universalHosts?: readonly string[];
  /** CIDR blocks of the clients, 127.0.0.0/8 unless told. */
  readonly allow?: readonly string[];
  /** Top-level keys of the configuration that replace the lab's. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** What is started, before `serve --config FILE`; the program as built unless told. */
  readonly program?: readonly string[];
}

/** One line of the access log. */
export interface AccessLine {
  readonly client: string;
  readonly mirror?: string;
  readonly repository?: string;
  readonly reference?: string;
  readonly method: string;
  readonly status: number;
  readonly bytes: number;
  readonly durationMs: number;
  /** The value of `Cache-Status`. */
  readonly cache?: string;
  /** Absent where the edge answered by itself, as it does a ping. */
  readonly upstreamRequests?: number;
}

/** Any line of the log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly event: string };

export const gateProgram = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));

const readyDeadlineMs = 30_000;
const drainDeadlineMs = 35_000;
const startAttempts = 3;

export class Gate {
  readonly httpsPort: number;
  readonly httpPort: number;
  readonly #options: GateOptions;
  readonly #directory: TemporaryDirectory;
  #daemon: Daemon | undefined;

  private constructor(
    options: GateOptions,
    directory: TemporaryDirectory,
    ports: { readonly https: number; readonly http: number },
  ) {
    this.#options = options;
    this.#directory = directory;
    this.httpsPort = ports.https;
    this.httpPort = ports.http;
  }

  static async start(options: GateOptions): Promise<Gate> {
    for (let attempt = 1; ; attempt += 1) {
      const directory = await TemporaryDirectory.create('gate');
      const ports = {
        https: options.httpsPort ?? (await freePort()),
        http: options.httpPort ?? (await freePort()),
      };
      const gate = new Gate(options, directory, ports);
      try {
        await gate.configure(options);
        await gate.allow(options.allow ?? ['127.0.0.0/8']);
        await gate.resume();
        return gate;
      } catch (error) {
        await gate.kill();
        await directory.close();
        if (attempt === startAttempts) throw error;
      }
    }
  }

  /** The path of `--config`, for other commands of the program. */
  get configurationFile(): string {
    return this.#directory.join('mirrorgate.yaml');
  }

  get cacheDirectory(): string {
    return this.#directory.join('cache');
  }

  get certificateDirectory(): string {
    return this.#directory.join('certs');
  }

  /** The roots that clients are to trust, as the gate publishes them. */
  async bundle(): Promise<string> {
    return await readFile(this.#directory.join('certs', 'trust', 'bundle.pem'), 'utf8');
  }

  /** Writes the configuration; a running gate takes it at its next {@link reload}. */
  async configure(options: Partial<GateOptions>): Promise<void> {
    const {
      mirrors,
      universalHosts,
      settings,
      address = '127.0.0.1',
    } = {
      ...this.#options,
      ...options,
    };
    const configuration = {
      listen: {
        https: [`${address}:${this.httpsPort}`],
        http: [`${address}:${this.httpPort}`],
        admin: 'unix:admin.sock',
      },
      processes: { edges: 1, workers: 1 },
      certificates: { directory: 'certs', issuer: 'private-ca' },
      state: { directory: 'state' },
      cache: { directory: 'cache', minFree: '16MB' },
      mirrors: mirrors.map((mirror) => ({ allowPrivateUpstream: true, ...mirror })),
      ...(universalHosts && { universal: { hosts: universalHosts } }),
      log: { level: 'info', access: true, format: 'json' },
      ...settings,
    };
    await this.#write('mirrorgate.yaml', configuration);
  }

  /** Replaces the allow-list, which a running gate notices by itself. */
  async allow(cidrs: readonly string[]): Promise<void> {
    await this.allowCertificates([], cidrs);
  }

  /** As {@link allow}, with client certificates by their names. */
  async allowCertificates(
    certificates: readonly string[],
    cidrs: readonly string[] = [],
  ): Promise<void> {
    const allow = cidrs.map((cidr, index) => ({ cidr, label: `lab-${index}` }));
    const named = certificates.length === 0 ? {} : { certificates };
    await this.#write('allow-list.yaml', { allow, ...named });
  }

  /** Starts it, or starts it again on what it left on disk. */
  async resume(): Promise<void> {
    const daemon = new Daemon({
      name: 'mirrorgate serve',
      place: this.#options.place ?? machine,
      command: [
        ...(this.#options.program ?? [process.execPath, gateProgram]),
        ...['serve', '--config', this.configurationFile],
      ],
    });
    this.#daemon = daemon;
    await daemon.waitFor(
      'line "mirrorgate ready"',
      () => daemon.stdout.find((line) => line.includes('mirrorgate ready')),
      readyDeadlineMs,
    );
  }

  /** Sends SIGHUP and waits until the log speaks of the reload. */
  async reload(): Promise<LogLine> {
    const before = this.log().length;
    await this.#daemon?.signal('SIGHUP');
    const isReload = ({ event }: LogLine): boolean =>
      event === 'configuration reloaded' || event.startsWith('reload refused');
    return await this.waitForLog('line about the reload', () =>
      this.log().slice(before).find(isReload),
    );
  }

  /** Everything it logged since it was last started. */
  log(): readonly LogLine[] {
    return (this.#daemon?.stderr ?? []).flatMap(tryLogLine);
  }

  /** What it served since it was last started, oldest first. */
  accessLog(): readonly AccessLine[] {
    return this.log().filter(isAccessLine);
  }

  /** Waits for something in the log: a request is logged only after it was answered. */
  async waitForLog<T>(
    what: string,
    probe: () => Promise<T | undefined> | T | undefined,
    deadlineMs = 10_000,
  ): Promise<T> {
    if (this.#daemon === undefined) throw new TypeError('the gate was not started');
    return await this.#daemon.waitFor(what, probe, deadlineMs);
  }

  /** Ends it by SIGTERM and waits for the drain. */
  async stop(): Promise<DaemonExit | undefined> {
    return await this.#daemon?.stop(drainDeadlineMs);
  }

  /** Ends the supervisor by SIGKILL. */
  async kill(): Promise<void> {
    await this.#daemon?.kill();
  }

  async close(): Promise<void> {
    await this.stop();
    await this.#directory.close();
  }

  /** JSON is YAML; written whole, then renamed, so that the gate never reads half of it. */
  async #write(name: string, content: object): Promise<void> {
    const pending = this.#directory.join(`${name}.new`);
    await writeFile(pending, JSON.stringify(content, undefined, 2));
    await rename(pending, this.#directory.join(name));
  }
}

function tryLogLine(line: string): LogLine[] {
  if (!line.startsWith('{')) return [];
  const fields: unknown = JSON.parse(line);
  const isLine = typeof fields === 'object' && fields !== null && 'event' in fields;
  return isLine ? [fields as LogLine] : [];
}

function isAccessLine(line: LogLine): line is LogLine & AccessLine {
  return line.event === 'access';
}
