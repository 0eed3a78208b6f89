/** A containerd of the lab's own, spoken to through ctr(8); mirrors come from `hosts.toml`. */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { parseDigest, type Digest } from '../../../lib/oci/digest.ts';
import { runCommand } from './command.ts';
import { Daemon } from './daemon.ts';
import type { Place } from './place.ts';
import { TemporaryDirectory } from './temporary-directory.ts';

/** The `hosts.toml` of one registry (containerd, docs/hosts.md). */
export interface RegistryHosts {
  /** Where containerd goes when no mirror serves; the registry itself unless told. */
  readonly server?: string;
  readonly mirrors: readonly {
    readonly url: string;
    /** PEM file of the only roots that count. */
    readonly caFile?: string;
    /** The URL is the whole prefix, `/v2` included. */
    readonly overridePath?: boolean;
  }[];
}

export class Containerd {
  readonly #place: Place;
  readonly #directory: TemporaryDirectory;
  readonly #daemon: Daemon;
  readonly #hostsDirectory: string;

  private constructor(place: Place, directory: TemporaryDirectory, hostsDirectory?: string) {
    this.#place = place;
    this.#directory = directory;
    this.#hostsDirectory = hostsDirectory ?? directory.join('hosts');
    this.#daemon = new Daemon({
      name: 'containerd',
      place,
      command: ['containerd', '--config', directory.join('config.toml')],
    });
  }

  /** `hostsDirectory` where {@link useHosts} is not what says where images come from. */
  static async start(place: Place, hostsDirectory?: string): Promise<Containerd> {
    const directory = await TemporaryDirectory.create('containerd');
    await writeFile(directory.join('config.toml'), configuration(directory));
    await mkdir(directory.join('hosts'));
    const containerd = new Containerd(place, directory, hostsDirectory);
    try {
      await containerd.#daemon.waitFor('answer on its socket', async () => {
        return await containerd.#ctr('version').catch(() => undefined);
      });
      return containerd;
    } catch (error) {
      await containerd.close();
      throw error;
    }
  }

  /** Says where images of `registry` come from; `_default` stands for every other registry. */
  async useHosts(registry: string, hosts: RegistryHosts): Promise<void> {
    await mkdir(this.#directory.join('hosts', registry), { recursive: true });
    await writeFile(this.#directory.join('hosts', registry, 'hosts.toml'), hostsToml(hosts));
  }

  /** Pulls `reference` (with its registry: `docker.io/library/x:1`) for this machine's platform. */
  async pull(reference: string): Promise<Digest> {
    const hosts = this.#hostsDirectory;
    await this.#ctr('images', 'pull', '--snapshotter', 'native', '--hosts-dir', hosts, reference);
    const { stdout } = await this.#ctr('images', 'list', `name==${reference}`);
    const [digest = ''] = /sha256:[a-f0-9]{64}/.exec(stdout) ?? [];
    return parseDigest(digest);
  }

  /** The file at `path` in the image. */
  async read(reference: string, path: string): Promise<string> {
    const target = await mkdtemp(this.#directory.join('mount-'));
    await this.#ctr('images', 'mount', '--snapshotter', 'native', reference, target);
    const { stdout } = await runCommand(this.#place, ['cat', `${target}${path}`]);
    await this.#ctr('images', 'unmount', '--rm', '--snapshotter', 'native', target);
    return stdout;
  }

  /** Removes `reference` and everything that only it needed. */
  async remove(reference: string): Promise<void> {
    await this.#ctr('images', 'remove', '--sync', reference);
    await this.#ctr('content', 'prune', 'references');
  }

  async close(): Promise<void> {
    await this.#daemon.stop();
    await this.#directory.close();
  }

  async #ctr(...command: string[]) {
    const address = this.#directory.join('containerd.sock');
    return await runCommand(this.#place, ['ctr', '--address', address, ...command]);
  }
}

function configuration(directory: TemporaryDirectory): string {
  return `
version = 2
root = "${directory.join('root')}"
state = "${directory.join('state')}"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "${directory.join('containerd.sock')}"
[plugins."io.containerd.internal.v1.opt"]
  path = "${directory.join('opt')}"
`;
}

function hostsToml({ server, mirrors }: RegistryHosts): string {
  const tables = mirrors.map(({ url, caFile, overridePath }) => [
    `[host."${url}"]`,
    '  capabilities = ["pull", "resolve"]',
    ...(caFile === undefined ? [] : [`  ca = "${caFile}"`]),
    ...(overridePath === true ? ['  override_path = true'] : []),
  ]);
  const lines = [...(server === undefined ? [] : [`server = "${server}"`]), ...tables.flat()];
  return `${lines.join('\n')}\n`;
}
