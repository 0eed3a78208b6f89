/** A Debian-like root file system in an ext4 image: curl, what it needs, and the places of roots. */
import { copyFile, mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runCommand } from '../lab/command.ts';
import { machine } from '../lab/place.ts';

export async function makeVmImage(image: string, folder: string): Promise<void> {
  const { stdout } = await runCommand(machine, ['ldd', '/usr/bin/curl']);
  const libraries = [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path);
  for (const file of ['/usr/bin/curl', '/bin/busybox', ...libraries]) {
    await mkdir(join(folder, dirname(file)), { recursive: true });
    await copyFile(file, join(folder, file));
  }
  for (const path of ['etc/ssl/certs', 'usr/share/ca-certificates', 'proc', 'dev', 'tmp']) {
    await mkdir(join(folder, path), { recursive: true });
  }
  const roots = await readFile('/etc/ssl/certs/ca-certificates.crt', 'utf8');
  await writeFile(join(folder, 'etc/ssl/certs/ca-certificates.crt'), roots);
  await writeFile(join(folder, 'etc/ssl/before.crt'), roots);
  await writeFile(image, '');
  await truncate(image, 64 << 20);
  await runCommand(machine, ['mkfs.ext4', '-q', '-d', folder, image]);
}
