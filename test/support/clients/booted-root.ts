/**
 * A {@link DebianRoot} that systemd runs, up to its timers: process 1 of a process table of its own,
 * in a control group of its own. No service of this machine is started in it, and nothing that would
 * set up the kernel.
 */
import { randomBytes } from 'node:crypto';
import { removeControlGroup } from '../lab/cgroup.ts';
import { runCommand, type CommandOutput } from '../lab/command.ts';
import { Daemon } from '../lab/daemon.ts';
import { DebianRoot } from './debian-root.ts';

const inside = '/run/vm/root';
const bootDeadlineMs = 60_000;

/** First argument: the control group. The machine's hierarchy is version 2, or has one beside it. */
const setUp = `
set -e
top=/sys/fs/cgroup
[ "$(stat -f -c %T "$top")" = cgroup2fs ] || top=$top/unified
mkdir "$top/$1"
echo $$ > "$top/$1/cgroup.procs"
exec unshare --pid --fork --kill-child --uts --ipc --cgroup sh -c "$2"
`;

/** The root of its mounts too: in a chroot systemd can keep no service apart from the rest. */
const begin = `
mkdir -p .former
pivot_root . .former
umount -l /.former
exec env -i container=lab PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \\
  /lib/systemd/systemd --unit=basic.target --log-target=console --show-status=false
`;

const boot = `
set -e
cd ${inside}
rm -rf etc/systemd/system/* var/lib/systemd/timers
for unit in systemd-sysctl systemd-modules-load systemd-udevd systemd-udev-trigger \\
  kmod-static-nodes systemd-binfmt modprobe@ systemd-networkd systemd-resolved; do
  ln -s /dev/null "etc/systemd/system/$unit.service"
done
# A boot empties /tmp, where the checkout may lie.
mkdir -p etc/tmpfiles.d
ln -sf /dev/null etc/tmpfiles.d/tmp.conf
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t tmpfs run run
mount -t sysfs -o ro sys sys
mount -t cgroup2 none sys/fs/cgroup
mount -t tmpfs dev dev
for device in null zero full random urandom tty; do
  touch "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
exec unshare --mount --propagation private sh -c '${begin}'
`;

export class BootedRoot {
  readonly root: DebianRoot;
  readonly #daemon: Daemon;
  readonly #group: string;

  private constructor(root: DebianRoot, group: string) {
    this.root = root;
    this.#group = group;
    this.#daemon = new Daemon({
      name: 'systemd',
      place: root.namespace,
      command: ['sh', '-c', setUp, 'boot', group, boot],
    });
  }

  static async start(): Promise<BootedRoot> {
    const group = `mirrorgate-boot-${randomBytes(6).toString('hex')}`;
    const booted = new BootedRoot(await DebianRoot.start('own'), group);
    try {
      // What is degraded has booted all the same: some unit wants more of a machine.
      const hasBooted = async (): Promise<true | undefined> => {
        const { stdout } = await booted
          .run('sh', '-c', 'systemctl is-system-running || :')
          .catch(() => ({ stdout: '' }));
        return ['running', 'degraded'].includes(stdout.trim()) ? true : undefined;
      };
      await booted.#daemon.waitFor('end of its boot', hasBooted, bootDeadlineMs);
      return booted;
    } catch (error) {
      await booted.close();
      throw error;
    }
  }

  /** Runs a command in it, as a process of its own table: systemd hears no other. */
  async run(...command: string[]): Promise<CommandOutput> {
    const namespaces = ['--pid', '--uts', '--ipc', '--cgroup'].join(' ');
    const enter = `exec nsenter --target "$(pgrep -o -x systemd)" ${namespaces} -- "$@"`;
    const inRoot = ['chroot', inside, 'env', '-u', 'TMPDIR', ...command];
    return await runCommand(this.root.namespace, ['sh', '-c', enter, 'sh', ...inRoot]);
  }

  async close(): Promise<void> {
    await this.#daemon.kill();
    await this.root.close();
    await removeControlGroup(this.#group);
  }
}
