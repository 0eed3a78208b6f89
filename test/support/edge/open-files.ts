/** Open file descriptors of this process: what leaks shows here. */
import { readdir } from 'node:fs/promises';
import { poll } from '../lab/polling.ts';

export async function openFiles(): Promise<number> {
  return (await readdir('/proc/self/fd')).length;
}

/** Resolves when no more than `count` are open; a few belong to the readers of the directory. */
export async function openFilesBackTo(count: number): Promise<void> {
  await poll(async () => ((await openFiles()) <= count ? true : undefined), {
    deadlineMs: 5_000,
    what: `return to ${count} open files`,
  });
}
