/**
 * The root file system of a Debian machine: this machine's own, with everything that is written to
 * it kept apart and gone in the end. Commands run in it by chroot, without any trust of the caller.
 */
import { runCommand, type CommandOutput } from '../lab/command.ts';
import { Namespace, type NamespaceOptions } from '../lab/namespace.ts';

const inNamespace = '/run/vm/root';

/** A hook of Debian's Java packages needs more of a machine than a folder has. */
const setUp = `
set -e
mkdir /run/vm
mount -t tmpfs lab /run/vm
mkdir /run/vm/upper /run/vm/work ${inNamespace}
mount -t overlay lab -o lowerdir=/,upperdir=/run/vm/upper,workdir=/run/vm/work ${inNamespace}
rm -f ${inNamespace}/etc/ca-certificates/update.d/*
mkdir -p ${inNamespace}/etc/docker
`;

export class DebianRoot {
  readonly namespace: Namespace;

  private constructor(namespace: Namespace) {
    this.namespace = namespace;
  }

  static async start(network: NamespaceOptions['network'] = 'shared'): Promise<DebianRoot> {
    const namespace = await Namespace.start({ network });
    try {
      await runCommand(namespace, ['sh', '-c', setUp]);
      return new DebianRoot(namespace);
    } catch (error) {
      await namespace.close();
      throw error;
    }
  }

  /** The folder, as a process outside of it sees it. */
  get path(): string {
    return `/proc/${this.namespace.pid}/root${inNamespace}`;
  }

  /** Runs a command in it. @throws CommandFailure where it does not end with 0 */
  async run(...command: string[]): Promise<CommandOutput> {
    return await runCommand(this.namespace, ['chroot', inNamespace, ...command]);
  }

  async close(): Promise<void> {
    await this.namespace.close();
  }
}
