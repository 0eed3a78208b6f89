/**
 * A machine under QEMU's software emulation (no KVM). It boots on a kernel and an image, runs one
 * script in the image's root, and goes off. Its network is QEMU's own: 10.0.2.2 is this machine.
 */
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { runCommand } from '../lab/command.ts';
import { machine } from '../lab/place.ts';
import type { TemporaryDirectory } from '../lab/temporary-directory.ts';
import type { Kernel } from './kernel.ts';

export const hostAddress = '10.0.2.2';

export interface BootOptions {
  readonly kernel: Kernel;
  /** ext4, seen read-only. */
  readonly image: string;
  /** For busybox sh, with the image as its root. */
  readonly script: string;
  /** What its clock shows at first; the time as it is unless told. */
  readonly clock?: Date;
}

const deadlineMs = 120_000;

/** What the machine printed on its console. */
export async function boot(directory: TemporaryDirectory, options: BootOptions): Promise<string> {
  const { kernel, image, script, clock = new Date() } = options;
  const tree = directory.join('initial');
  await rm(tree, { recursive: true, force: true });
  await mkdir(join(tree, 'bin'), { recursive: true });
  await copyFile('/bin/busybox', join(tree, 'bin/busybox'));
  for (const file of kernel.modules) await copyFile(file, join(tree, basename(file)));
  const loads = kernel.modules.map((file) => `$b insmod /${basename(file)}`);
  const init = `#!/bin/busybox sh
b=/bin/busybox
$b mkdir -p /proc /dev /vm
$b mount -t proc proc /proc
$b mount -t devtmpfs dev /dev
${loads.join('\n')}
$b ifconfig eth0 10.0.2.15 netmask 255.255.255.0 up
$b mount -t ext4 -o ro /dev/vda /vm
$b mount -t tmpfs tmp /vm/tmp
$b mount --bind /dev /vm/dev
$b cp /script /vm/tmp/script
$b chroot /vm /bin/busybox sh /tmp/script
$b poweroff -f
`;
  await writeFile(join(tree, 'init'), init, { mode: 0o755 });
  await writeFile(join(tree, 'script'), script);
  const initial = directory.join('initial.gz');
  const pack = 'cd "$1" && find . | /bin/busybox cpio -o -H newc | gzip -1 > "$2"';
  await runCommand(machine, ['sh', '-c', pack, 'pack', tree, initial]);
  const { stdout } = await runCommand(
    machine,
    [
      ...['qemu-system-x86_64', '-accel', 'tcg', '-m', '256', '-nographic', '-no-reboot'],
      ...['-rtc', `base=${clock.toISOString().slice(0, 19)}`],
      ...['-kernel', kernel.image, '-initrd', initial],
      ...['-append', 'console=ttyS0 quiet panic=-1 random.trust_cpu=on'],
      ...['-drive', `file=${image},if=virtio,format=raw`],
      ...['-netdev', 'user,id=net', '-device', 'virtio-net-pci,netdev=net,romfile='],
    ],
    { deadlineMs },
  );
  return stdout.replace(/\r/g, '');
}
