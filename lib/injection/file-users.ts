/** Who has a file open: an image that a VM runs on must not be changed under it. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { injectError } from './inject-error.ts';

/** @throws MirrorgateError `MIRRORGATE_INJECT_IN_USE` */
export async function assertUnused(path: string): Promise<void> {
  const user = (await loopUser(path)) ?? (await processUser(path));
  if (user === undefined) return;
  throw injectError('IN_USE', `image:${path} is in use by ${user}`, {
    hint: 'stop the VM or unmount it first; for a VM that runs there is ssh:USER@HOST',
  });
}

/** The loop device that the image is behind. */
async function loopUser(path: string): Promise<string | undefined> {
  for (const device of await list('/sys/block')) {
    if (!device.startsWith('loop')) continue;
    const file = await readFile(`/sys/block/${device}/loop/backing_file`, 'utf8').catch(() => '');
    if (file.trim() === path) return `/dev/${device}`;
  }
  return undefined;
}

/** Of the processes that this user may look into. */
async function processUser(path: string): Promise<string | undefined> {
  const { dev, ino } = await stat(path);
  for (const pid of await list('/proc')) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    for (const descriptor of await list(`/proc/${pid}/fd`)) {
      const facts = await stat(`/proc/${pid}/fd/${descriptor}`).catch(() => undefined);
      if (facts?.ino !== ino || facts.dev !== dev) continue;
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
      return `process ${pid} (${name.trim()})`;
    }
  }
  return undefined;
}

async function list(folder: string): Promise<string[]> {
  return await readdir(folder).catch(() => []);
}
