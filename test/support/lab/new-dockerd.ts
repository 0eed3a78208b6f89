/**
 * A Docker daemon of today, which reads `hosts.toml` for every registry: Debian's does not yet. Its
 * program is built by a Go toolchain, and it is spoken to by its API, since Debian's docker(1) is too
 * old for it.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { parseDigest, type Digest } from '../../../lib/oci/digest.ts';
import { removeControlGroup } from './cgroup.ts';
import { runCommand } from './command.ts';
import { Daemon } from './daemon.ts';
import { requireGoProgram } from './go-program.ts';
import type { Place } from './place.ts';
import { TemporaryDirectory } from './temporary-directory.ts';

const readyDeadlineMs = 40_000;
const stopDeadlineMs = 15_000;

/** Skips where it is not built. */
export function requireNewDockerd(context: Mocha.Context): Promise<string> {
  return requireGoProgram(context, {
    name: 'dockerd',
    package: 'github.com/moby/moby/v2/cmd/dockerd',
    version: 'v2.0.0-beta.24',
    builtBy: 'npm run soak:clients',
  });
}

export class NewDockerd {
  readonly #place: Place;
  readonly #directory: TemporaryDirectory;
  readonly #daemon: Daemon;

  private constructor(program: string, place: Place, directory: TemporaryDirectory) {
    this.#place = place;
    this.#directory = directory;
    this.#daemon = new Daemon({
      name: 'dockerd',
      place,
      command: [program, '--config-file', directory.join('daemon.json')],
    });
  }

  /** `daemonJson` beside what keeps it apart from the machine's. */
  static async start(
    program: string,
    place: Place,
    daemonJson: Readonly<Record<string, unknown>>,
  ): Promise<NewDockerd> {
    const directory = await TemporaryDirectory.create('dockerd');
    await mkdir(directory.join('config'));
    const configuration = {
      ...daemonJson,
      'storage-driver': 'native',
      'data-root': directory.join('data'),
      'exec-root': directory.join('exec'),
      pidfile: directory.join('dockerd.pid'),
      hosts: [`unix://${directory.join('docker.sock')}`],
      features: { 'containerd-snapshotter': true },
      bridge: 'none',
      iptables: false,
      ip6tables: false,
      'ip-forward': false,
      'cgroup-parent': `/${directory.path.split('/').at(-1)}`,
    };
    await writeFile(directory.join('daemon.json'), JSON.stringify(configuration));
    const dockerd = new NewDockerd(program, place, directory);
    try {
      const isUp = async () => await dockerd.#api('GET', '/version').catch(() => undefined);
      await dockerd.#daemon.waitFor('answer on its socket', isUp, readyDeadlineMs);
      return dockerd;
    } catch (error) {
      await dockerd.close();
      throw error;
    }
  }

  /** Pulls `reference` and returns the digest that its tag stood for. */
  async pull(reference: string): Promise<Digest> {
    const at = reference.lastIndexOf(':');
    const [image, tag] = [reference.slice(0, at), reference.slice(at + 1)];
    const told = await this.#api('POST', `/images/create?fromImage=${image}&tag=${tag}`);
    const [, digest = ''] = /Digest: (sha256:[a-f0-9]{64})/.exec(told) ?? [];
    if (digest === '') throw new Error(`dockerd pulled nothing: ${told}`);
    return parseDigest(digest);
  }

  async close(): Promise<void> {
    await this.#daemon.stop(stopDeadlineMs);
    await removeControlGroup(this.#directory.path.split('/').at(-1) ?? '');
    await this.#directory.close();
  }

  async #api(method: string, path: string): Promise<string> {
    const socket = ['--unix-socket', this.#directory.join('docker.sock')];
    const curl = ['curl', '-sS', '--max-time', '60', ...socket, '-X', method];
    return (await runCommand(this.#place, [...curl, `http://docker${path}`])).stdout;
  }
}
