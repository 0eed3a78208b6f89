/**
 * A process tree with its own /etc, /run and process table, and on request its own network.
 * What is written to its /etc (hosts, trust, client configuration) never reaches the machine's,
 * and whatever runs in it dies with it. It holds nothing of the machine's trust and resolves no
 * name but those it was given.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Daemon } from './daemon.ts';
import { bareEnvironment, boundToParent, machine, type Place } from './place.ts';
import { TemporaryDirectory } from './temporary-directory.ts';

export interface NamespaceOptions {
  /** `shared` is the machine's; `own` has a loopback alone until a {@link connect} joins it to another. */
  readonly network: 'shared' | 'own';
  /** Names beside `localhost`, by address. */
  readonly hosts?: Readonly<Record<string, readonly string[]>>;
}

/** First process of the tree: it makes the tree's files, then waits; when it ends the kernel ends the rest. */
const setUp = `
set -e
mount -t tmpfs lab "$1"
mkdir "$1/upper" "$1/work"
mount -t overlay lab -o "lowerdir=/etc,upperdir=$1/upper,workdir=$1/work" /etc
mkdir -p /etc/containers /etc/docker /etc/containerd /etc/ssl/certs
for blank in /etc/containers /etc/docker /etc/containerd /etc/ssl/certs /run; do
  mount -t tmpfs lab "$blank"
done
ip link set lo up 2>/dev/null || test "$2" = shared
echo ready
while true; do sleep 3600; done
`;

export class Namespace implements Place {
  readonly environment: Readonly<Record<string, string>>;
  readonly hasParent = true;
  readonly #directory: TemporaryDirectory;
  readonly #holder: Daemon;
  readonly #pid: number;

  private constructor(directory: TemporaryDirectory, holder: Daemon, pid: number) {
    this.#directory = directory;
    this.#holder = holder;
    this.#pid = pid;
    this.environment = {
      ...bareEnvironment,
      HOME: directory.join('home'),
      TMPDIR: directory.join('tmp'),
    };
  }

  static async start({ network, hosts = {} }: NamespaceOptions): Promise<Namespace> {
    const directory = await TemporaryDirectory.create('namespace');
    for (const folder of ['home', 'tmp', 'etc']) await mkdir(directory.join(folder));
    const unshare = [
      ...['unshare', '--mount', '--propagation', 'private'],
      ...(network === 'own' ? ['--net'] : []),
      ...['--pid', '--fork', '--kill-child', '--mount-proc'],
      ...['sh', '-c', setUp, 'namespace', directory.join('etc'), network],
    ];
    const holder = new Daemon({
      name: 'namespace',
      place: { ...machine, hasParent: true },
      command: unshare,
    });
    try {
      const pid = await holder.waitFor('own file systems', () =>
        holder.stdout.includes('ready') ? holder.pid : undefined,
      );
      const namespace = new Namespace(directory, holder, pid);
      await namespace.#writeNames(hosts);
      return namespace;
    } catch (error) {
      await holder.kill();
      await directory.close();
      throw error;
    }
  }

  /** A process of the machine that lives in its network and file systems. */
  get pid(): number {
    return this.#pid;
  }

  commandLine(command: readonly string[]): string[] {
    const namespaces = `/proc/${this.#pid}/ns`;
    return boundToParent([
      'nsenter',
      `--mount=${namespaces}/mnt`,
      `--net=${namespaces}/net`,
      `--pid=${namespaces}/pid_for_children`,
      '--',
      ...boundToParent(command),
    ]);
  }

  /** Writes a file as the tree sees it; made for /etc. `path` is absolute. */
  async write(path: string, content: string): Promise<void> {
    const seen = join(`/proc/${this.#pid}/root`, path);
    await mkdir(dirname(seen), { recursive: true });
    await writeFile(seen, content);
  }

  /** Makes `pem` the whole trust of every program that reads the system's bundle. */
  async trust(pem: string): Promise<void> {
    await this.write('/etc/ssl/certs/ca-certificates.crt', pem);
  }

  /** Ends every process in it. Idempotent. */
  async close(): Promise<void> {
    await this.#holder.kill();
    await this.#directory.close();
  }

  async #writeNames(hosts: Readonly<Record<string, readonly string[]>>): Promise<void> {
    const lines = Object.entries(hosts).map(
      ([address, names]) => `${address} ${names.join(' ')}\n`,
    );
    await this.write('/etc/hosts', `127.0.0.1 localhost\n${lines.join('')}`);
    await this.write('/etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files\n');
    await this.write('/etc/resolv.conf', '');
  }
}
