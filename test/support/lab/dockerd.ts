/**
 * A Docker daemon of the lab's own, spoken to through the docker CLI; `docker build` is BuildKit's.
 * It asks /etc/docker of its place for certificates. A host that resolves to 127.0.0.0/8 it takes
 * for insecure and does not verify: to test trust, put the gate on another address.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseDigest, type Digest } from '../../../lib/oci/digest.ts';
import { removeControlGroup } from './cgroup.ts';
import { runCommand, type CommandOutput } from './command.ts';
import { Daemon } from './daemon.ts';
import type { Place } from './place.ts';
import { TemporaryDirectory } from './temporary-directory.ts';

export interface DockerdOptions {
  readonly place: Place;
  /** Origins such as `https://hub.mirror.test`, for images of docker.io. */
  readonly registryMirrors?: readonly string[];
  /** What a daemon.json holds, beside what keeps this daemon apart from the machine's. */
  readonly daemonJson?: Readonly<Record<string, unknown>>;
}

const readyDeadlineMs = 30_000;
const stopDeadlineMs = 15_000;

export class Dockerd {
  readonly #place: Place;
  readonly #directory: TemporaryDirectory;
  readonly #daemon: Daemon;
  #builds = 0;

  private constructor(place: Place, directory: TemporaryDirectory) {
    this.#place = place;
    this.#directory = directory;
    this.#daemon = new Daemon({
      name: 'dockerd',
      place,
      command: ['/usr/sbin/dockerd', '--config-file', directory.join('daemon.json')],
    });
  }

  static async start(options: DockerdOptions): Promise<Dockerd> {
    const directory = await TemporaryDirectory.create('dockerd');
    await mkdir(directory.join('config'));
    const { place, registryMirrors = [], daemonJson = {} } = options;
    const configuration = {
      'registry-mirrors': registryMirrors,
      ...daemonJson,
      'storage-driver': 'vfs',
      'data-root': directory.join('data'),
      'exec-root': directory.join('exec'),
      pidfile: directory.join('dockerd.pid'),
      hosts: [`unix://${directory.join('docker.sock')}`],
      features: { buildkit: true },
      bridge: 'none',
      iptables: false,
      ip6tables: false,
      'ip-forward': false,
      'cgroup-parent': `/${controlGroup(directory)}`,
      'max-download-attempts': 1,
    };
    await writeFile(directory.join('daemon.json'), JSON.stringify(configuration));
    const dockerd = new Dockerd(place, directory);
    try {
      const isUp = async () => await dockerd.#docker('version').catch(() => undefined);
      await dockerd.#daemon.waitFor('answer on its socket', isUp, readyDeadlineMs);
      return dockerd;
    } catch (error) {
      await dockerd.close();
      throw error;
    }
  }

  /** Pulls `reference` and returns the digest that its tag stood for. */
  async pull(reference: string): Promise<Digest> {
    const { stdout } = await this.#docker('pull', reference);
    const [, digest = ''] = /^Digest: (\S+)$/m.exec(stdout) ?? [];
    return parseDigest(digest);
  }

  /** Builds `dockerfile` with BuildKit, from an empty build cache. */
  async build(tag: string, dockerfile: string): Promise<CommandOutput> {
    this.#builds += 1;
    const context = this.#directory.join(`build-${this.#builds}`);
    await mkdir(context);
    await writeFile(`${context}/Dockerfile`, dockerfile);
    await this.#docker('builder', 'prune', '--all', '--force');
    const options = ['--progress=plain', '--no-cache', '--network=none', '--tag', tag];
    return await this.#docker('build', ...options, context);
  }

  /** Standard output of `command` in a new container of `image`. */
  async run(image: string, ...command: string[]): Promise<string> {
    const { stdout } = await this.#docker('run', '--rm', '--network=none', image, ...command);
    return stdout;
  }

  async remove(reference: string): Promise<void> {
    await this.#docker('image', 'rm', '--force', reference);
  }

  async close(): Promise<void> {
    await this.#daemon.stop(stopDeadlineMs);
    await removeControlGroup(controlGroup(this.#directory));
    await this.#directory.close();
  }

  async #docker(...command: string[]): Promise<CommandOutput> {
    const socket = `unix://${this.#directory.join('docker.sock')}`;
    const config = ['--config', this.#directory.join('config')];
    return await runCommand(
      this.#place,
      ['/usr/bin/docker', ...config, '--host', socket, ...command],
      {
        environment: { DOCKER_BUILDKIT: '1' },
      },
    );
  }
}

/** Its containers' group is named after its directory, so that it can be told from another's. */
function controlGroup(directory: TemporaryDirectory): string {
  return basename(directory.path);
}
