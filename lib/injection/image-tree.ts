/** An ext4 image: by loop mount where this machine lets us, else by debugfs(8). */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DebugfsTree } from './debugfs-tree.ts';
import { assertUnused } from './file-users.ts';
import { assertEditable } from './image-file.ts';
import { LoopTree } from './loop-tree.ts';
import type { RootTree } from './root-tree.ts';

/** How an image is reached: `auto` is by loop mount where that can be. */
export type ImageAccess = 'auto' | 'debugfs';

/**
 * Calls `use` with the file system in `image`, as it is before any edit.
 * @throws MirrorgateError `MIRRORGATE_INJECT_UNREADABLE`, `_UNSUITABLE`, `_READ_ONLY`, `_IN_USE`,
 *   and what `use` throws
 */
export async function withImageTree<T>(
  image: string,
  access: ImageAccess,
  use: (tree: RootTree) => Promise<T>,
): Promise<T> {
  await assertEditable(image);
  await assertUnused(image);
  const scratch = await mkdtemp(join(tmpdir(), 'mirrorgate-image-'));
  try {
    const mounted = access === 'debugfs' ? undefined : await LoopTree.tryOpen(image, scratch);
    if (mounted === undefined) return await use(new DebugfsTree(image, scratch));
    try {
      return await use(mounted);
    } finally {
      await mounted.close();
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
