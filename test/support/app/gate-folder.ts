/**
 * A folder with a configuration and an allow-list in it, for starts that may well fail. Where a
 * test only needs a gate that runs, the lab's `Gate` is there.
 */
import { access, chown, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { Daemon } from '../lab/daemon.ts';
import { freePort } from '../lab/free-port.ts';
import { gateProgram } from '../lab/gate.ts';
import { machine } from '../lab/place.ts';
import { TemporaryDirectory } from '../lab/temporary-directory.ts';
import { runProgram, type Outcome } from './program.ts';

export interface Ports {
  readonly https: number;
  readonly http: number;
  /** Of the mirror `hub`. */
  readonly own: number;
  readonly admin: number;
}

export interface ServeOptions {
  /** The command that the program is started by, before `main.js`; this Node unless told. */
  readonly runtime?: readonly string[];
  readonly program?: string;
}

export class GateFolder {
  readonly ports: Ports;
  readonly #directory: TemporaryDirectory;
  readonly #daemons: Daemon[] = [];

  private constructor(directory: TemporaryDirectory, ports: Ports) {
    this.#directory = directory;
    this.ports = ports;
  }

  static async create(): Promise<GateFolder> {
    const ports = {
      https: await freePort(),
      http: await freePort(),
      own: await freePort(),
      admin: await freePort(),
    };
    const folder = new GateFolder(await TemporaryDirectory.create('app'), ports);
    await folder.configure({});
    await folder.write('allow-list.yaml', 'allow: [127.0.0.0/8]\n');
    return folder;
  }

  get path(): string {
    return this.#directory.path;
  }

  get configurationFile(): string {
    return this.join('mirrorgate.yaml');
  }

  join(...segments: string[]): string {
    return this.#directory.join(...segments);
  }

  /** Replaces top-level keys of the folder's standard configuration. */
  async configure(changes: Readonly<Record<string, unknown>>): Promise<void> {
    const { https, http, admin } = this.ports;
    const configuration = {
      listen: {
        https: [`127.0.0.1:${https}`],
        http: [`127.0.0.1:${http}`],
        admin: `127.0.0.1:${admin}`,
      },
      processes: { edges: 1, workers: 1 },
      certificates: { directory: 'certs' },
      state: { directory: 'state' },
      cache: { directory: 'cache', minFree: '16MB' },
      mirrors: [{ registry: 'docker.io', hosts: ['hub.example.test'] }],
      universal: { hosts: ['mirror.example.test'] },
      ...changes,
    };
    await this.write('mirrorgate.yaml', JSON.stringify(configuration, undefined, 2));
  }

  async write(name: string, text: string, mode = 0o600): Promise<void> {
    await writeFile(this.join(name), text, { mode });
  }

  async read(name: string): Promise<string> {
    return await readFile(this.join(name), 'utf8');
  }

  async has(name: string): Promise<boolean> {
    return await access(this.join(name)).then(
      () => true,
      () => false,
    );
  }

  async makeFolder(name: string, mode = 0o700): Promise<string> {
    await mkdir(this.join(name), { mode, recursive: true });
    return this.join(name);
  }

  /** Gives the folder and all that is in it to a user. */
  async giveTo(uid: number): Promise<void> {
    await chown(this.path, uid, uid);
    for (const name of await readdir(this.path, { recursive: true })) {
      await chown(this.join(name), uid, uid);
    }
  }

  /** Starts the gate and returns at once. */
  serve(options: ServeOptions = {}): Daemon {
    const daemon = new Daemon({
      name: 'mirrorgate serve',
      place: machine,
      command: [...this.#commandLine(options), ...this.#arguments('serve')],
    });
    this.#daemons.push(daemon);
    return daemon;
  }

  /** Starts the gate, which is to end by itself within a few seconds. */
  async serveInVain(options: ServeOptions = {}): Promise<Outcome> {
    return await runProgram([...this.#commandLine(options), ...this.#arguments('serve')]);
  }

  /** Runs another command of the program on this configuration. */
  async run(...command: readonly string[]): Promise<Outcome> {
    return await runProgram([...this.#commandLine({}), ...this.#arguments(...command)]);
  }

  async close(): Promise<void> {
    for (const daemon of this.#daemons) await daemon.kill();
    await this.#directory.close();
  }

  #commandLine({ runtime = [process.execPath], program = gateProgram }: ServeOptions): string[] {
    return [...runtime, program];
  }

  #arguments(...command: readonly string[]): string[] {
    return [...command, '--config', this.configurationFile];
  }
}

/** The line that a gate prints once it serves. */
export async function readyLine(daemon: Daemon): Promise<string> {
  return await daemon.waitFor('ready line', () =>
    daemon.stdout.find((line) => line.startsWith('mirrorgate ready')),
  );
}
