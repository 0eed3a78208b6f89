/**
 * An ext4 file system in a file, read and written by debugfs(8): nothing is mounted, and no root is
 * needed.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import type { CommandResult } from './command.ts';
import { replaceImage, runTool } from './image-file.ts';
import { injectError } from './inject-error.ts';
import type { Edit, RootTree } from './root-tree.ts';

/** debugfs splits its commands at these. */
const unspeakable = /[\s"'\\]/;

export class DebugfsTree implements RootTree {
  readonly name: string;
  readonly #image: string;
  readonly #scratch: string;
  /** What was found at a path: the image does not change before the edits, and each look is a process. */
  readonly #types = new Map<string, Promise<string | undefined>>();
  readonly #contents = new Map<string, Promise<Buffer | undefined>>();
  #reads = 0;

  /** `scratch` is a folder of the caller's, for what debugfs reads and writes. */
  constructor(image: string, scratch: string) {
    this.name = `image:${image}`;
    this.#image = image;
    this.#scratch = scratch;
  }

  read(path: string): Promise<Buffer | undefined> {
    return once(this.#contents, path, () => this.#read(path));
  }

  async #read(path: string): Promise<Buffer | undefined> {
    if ((await this.#typeOf(path)) !== 'regular') return undefined;
    this.#reads += 1;
    const copy = join(this.#scratch, `read-${this.#reads}`);
    await this.#debugfs(this.#image, [`dump ${path} ${copy}`]);
    try {
      return await readFile(copy);
    } finally {
      await rm(copy, { force: true });
    }
  }

  async isDirectory(path: string): Promise<boolean> {
    return (await this.#typeOf(path)) === 'directory';
  }

  async list(path: string): Promise<string[]> {
    if ((await this.#typeOf(path)) !== 'directory') return [];
    // `/INODE/MODE/UID/GID/NAME/SIZE/`
    const { stdout } = await this.#debugfs(this.#image, [`ls -p ${path}`]);
    const lines = stdout.matchAll(/^\/\d+\/\d+\/\d+\/\d+\/([^/]+)\//gm);
    return [...lines].map(([, name = '']) => name);
  }

  async apply(edits: readonly Edit[]): Promise<void> {
    if (edits.length === 0) return;
    await replaceImage(this.#image, async (copy) => {
      await this.#debugfs(copy, await this.#commands(edits), '-w');
      await this.#verify(copy, edits);
    });
  }

  async #commands(edits: readonly Edit[]): Promise<string[]> {
    const commands: string[] = [];
    const made = new Set<string>();
    // The last word about a path is the only one that counts: nobody sees the copy before it is whole.
    const finals = new Map(edits.map((edit) => [edit.path, edit]));
    for (const [index, edit] of [...finals.values()].entries()) {
      if (unspeakable.test(edit.path))
        throw injectError('UNSUITABLE', `${edit.path} cannot be named`);
      if ((await this.#typeOf(edit.path)) !== undefined) commands.push(`rm ${edit.path}`);
      if (edit.kind === 'remove') continue;
      for (const folder of await this.#missingFolders(dirname(edit.path))) {
        if (made.has(folder)) continue;
        made.add(folder);
        commands.push(`mkdir ${folder}`);
      }
      const source = join(this.#scratch, `write-${index}`);
      await writeFile(source, edit.content);
      const owner = ['uid', 'gid'].map((field) => `sif ${edit.path} ${field} 0`);
      commands.push(`write ${source} ${edit.path}`, `sif ${edit.path} mode 0100644`, ...owner);
    }
    return commands;
  }

  /** From the outermost one on. */
  async #missingFolders(folder: string): Promise<string[]> {
    if (folder === '/' || (await this.#typeOf(folder)) !== undefined) return [];
    return [...(await this.#missingFolders(posix.dirname(folder))), folder];
  }

  /** debugfs ends with 0 whatever happened: what it did is read again. */
  async #verify(copy: string, edits: readonly Edit[]): Promise<void> {
    const edited = new DebugfsTree(copy, this.#scratch);
    const finals = new Map(edits.map((edit) => [edit.path, edit]));
    for (const edit of finals.values()) {
      const present = await edited.read(edit.path);
      const isRight =
        edit.kind === 'remove' ? present === undefined : present?.equals(edit.content) === true;
      if (!isRight) {
        throw injectError('FAILED', `${this.name}: ${edit.path} did not become what it should`, {
          hint: 'is the file system full? df, then resize2fs',
        });
      }
    }
  }

  /** What stands at `path`, links on the way to it followed; undefined where nothing does. */
  #typeOf(path: string): Promise<string | undefined> {
    return once(this.#types, path, async () => {
      if (unspeakable.test(path)) return undefined;
      const { stdout } = await this.#debugfs(this.#image, [`stat ${path}`]);
      return /^Inode: \d+\s+Type: (\w+)/m.exec(stdout)?.[1];
    });
  }

  async #debugfs(
    image: string,
    commands: readonly string[],
    ...options: string[]
  ): Promise<CommandResult> {
    const file = join(this.#scratch, 'commands');
    await writeFile(file, `${commands.join('\n')}\n`);
    return await runTool(['debugfs', ...options, '-f', file, image], 'e2fsprogs');
  }
}

function once<T>(known: Map<string, Promise<T>>, key: string, find: () => Promise<T>): Promise<T> {
  const found = known.get(key) ?? find();
  known.set(key, found);
  return found;
}
