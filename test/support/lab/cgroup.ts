/** Control groups that a daemon of the lab made: the kernel keeps them when the daemon is gone. */
import { readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../../../lib/errors/mirrorgate-error.ts';
import { poll } from './polling.ts';

const root = '/sys/fs/cgroup';
const emptyDeadlineMs = 5000;

/** Removes the group `name` with those below it from every hierarchy (cgroups(7), versions 1 and 2). */
export async function removeControlGroup(name: string): Promise<void> {
  const hierarchies = [root, ...(await foldersIn(root))];
  for (const hierarchy of hierarchies) await removeGroup(join(hierarchy, name));
}

async function removeGroup(path: string): Promise<void> {
  for (const child of await foldersIn(path)) await removeGroup(child);
  await poll(() => tryRemove(path), { deadlineMs: emptyDeadlineMs, what: `end of ${path}` });
}

/** Undefined while the last process of the group is still ending. */
async function tryRemove(path: string): Promise<true | undefined> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return true;
    if (errorCode(error) === 'EBUSY') return undefined;
    throw error;
  }
}

async function foldersIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(path, name));
}
