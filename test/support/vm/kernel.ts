/** Debian's kernel for virtual machines, fetched once and unpacked without being installed. */
import { access, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../lab/command.ts';
import { machine } from '../lab/place.ts';

export interface Kernel {
  /** `vmlinuz` */
  readonly image: string;
  /** Files of the modules that a VM with virtio devices needs, in the order of loading. */
  readonly modules: readonly string[];
}

const modules = [
  ...['virtio_ring', 'virtio', 'virtio_pci_legacy_dev', 'virtio_pci_modern_dev', 'virtio_pci'],
  ...['virtio_blk', 'failover', 'net_failover', 'virtio_net'],
];

export async function fetchKernel(): Promise<Kernel> {
  const folder = join(tmpdir(), 'mirrorgate-lab-kernel');
  const isThere = await access(folder).then(
    () => true,
    () => false,
  );
  if (!isThere) await unpack(folder);
  const files = await readdir(folder, { recursive: true });
  const find = (pattern: RegExp): string => {
    const found = files.find((file) => pattern.test(file));
    if (found === undefined) throw new Error(`the kernel package has no ${pattern.source}`);
    return join(folder, found);
  };
  return {
    image: find(/(^|\/)vmlinuz-[^/]*$/),
    modules: modules.map((name) => find(new RegExp(`/${name}\\.ko$`))),
  };
}

async function unpack(folder: string): Promise<void> {
  const pending = `${folder}.${process.pid}`;
  await mkdir(pending);
  try {
    const fetch = `
      set -e
      cd "$1"
      package=$(apt-cache show linux-image-cloud-amd64 | sed -n 's/^Depends: \\([^ ]*\\) .*/\\1/p' | head -n 1)
      apt-get download -qq "$package"
      dpkg-deb -x ./*.deb .
      rm ./*.deb`;
    await runCommand(machine, ['sh', '-c', fetch, 'fetch', pending], { deadlineMs: 120_000 });
    await rename(pending, folder);
  } finally {
    await rm(pending, { recursive: true, force: true });
  }
}
