/** An ext4 image as a folder: read through a read-only mount, edited through one of a copy. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DirectoryTree } from './directory-tree.ts';
import { replaceImage } from './image-file.ts';
import { injectError } from './inject-error.ts';
import { LoopMount } from './loop-mount.ts';
import type { Edit, RootTree } from './root-tree.ts';

export class LoopTree implements RootTree {
  readonly name: string;
  readonly #image: string;
  readonly #point: string;
  readonly #tree: DirectoryTree;
  #mount: LoopMount | undefined;

  private constructor(image: string, point: string, mount: LoopMount, tree: DirectoryTree) {
    this.name = `image:${image}`;
    this.#image = image;
    this.#point = point;
    this.#mount = mount;
    this.#tree = tree;
  }

  /** Undefined where nothing can be mounted here. `scratch` is an empty folder of the caller's. */
  static async tryOpen(image: string, scratch: string): Promise<LoopTree | undefined> {
    const point = join(scratch, 'mount');
    await mkdir(point);
    const mount = await LoopMount.tryOpen(image, { point, use: 'read' });
    if (mount === undefined) return undefined;
    return new LoopTree(image, point, mount, await treeOf(mount, image));
  }

  read(path: string): Promise<Buffer | undefined> {
    return this.#tree.read(path);
  }

  isDirectory(path: string): Promise<boolean> {
    return this.#tree.isDirectory(path);
  }

  list(path: string): Promise<string[]> {
    return this.#tree.list(path);
  }

  /** Nothing can be read afterwards. */
  async apply(edits: readonly Edit[]): Promise<void> {
    if (edits.length === 0) return;
    await this.close();
    await replaceImage(this.#image, async (copy) => {
      const mount = await LoopMount.tryOpen(copy, { point: this.#point, use: 'write' });
      if (mount === undefined) throw injectError('FAILED', `${copy} cannot be mounted`);
      try {
        await (await treeOf(mount, this.#image)).apply(edits);
      } finally {
        await mount.close();
      }
    });
  }

  /** Idempotent. */
  async close(): Promise<void> {
    const mount = this.#mount;
    this.#mount = undefined;
    await mount?.close();
  }
}

function treeOf({ folder }: LoopMount, image: string): Promise<DirectoryTree> {
  return DirectoryTree.open(folder, `image:${image}`);
}
