/**
 * An ext4 file system in a file, read and written by debugfs(8), so that nothing is mounted and no
 * root is needed. Edits go into a copy that takes the image's place when it is whole.
 */
import { mkdtemp, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, posix } from 'node:path';
import { isTemporaryName, syncDirectory, temporaryPath } from '../files/atomic-file.ts';
import { runCommand, type CommandResult } from './command.ts';
import { assertUnused } from './file-users.ts';
import { fileError, injectError } from './inject-error.ts';
import type { Edit, RootTree } from './root-tree.ts';

/** Copying and checking go with the size of the image. */
const deadlineMs = 600_000;
/** ext4(5): the magic number stands at byte 56 of the superblock, which stands at 1024. */
const magic = { offset: 1024 + 56, value: 0xef53 };
/** debugfs splits its commands at these. */
const unspeakable = /[\s"'\\]/;

export class ImageTree implements RootTree {
  readonly name: string;
  readonly #image: string;
  readonly #scratch: string;
  /** What was found at a path: the image does not change before the edits, and each look is a process. */
  readonly #types = new Map<string, Promise<string | undefined>>();
  readonly #contents = new Map<string, Promise<Buffer | undefined>>();
  #reads = 0;

  private constructor(image: string, scratch: string) {
    this.name = `image:${image}`;
    this.#image = image;
    this.#scratch = scratch;
  }

  /** @throws MirrorgateError `MIRRORGATE_INJECT_UNREADABLE`, `_UNSUITABLE`, `_IN_USE` */
  static async open(image: string): Promise<ImageTree> {
    await assertExt4(image);
    await assertUnused(image);
    const tree = new ImageTree(image, await mkdtemp(join(tmpdir(), 'mirrorgate-image-')));
    try {
      await tree.#assertClean();
      return tree;
    } catch (error) {
      await tree.close();
      throw error;
    }
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
    const copy = temporaryPath(this.#image);
    try {
      await removeLeftovers(this.#image);
      await run(
        ['cp', '-p', '--sparse=always', '--reflink=auto', '--', this.#image, copy],
        'coreutils',
      );
      await this.#debugfs(copy, await this.#commands(edits), '-w');
      await this.#verify(copy, edits);
      await syncFile(copy);
      await assertUnused(this.#image);
      await rename(copy, this.#image);
      await syncDirectory(dirname(this.#image));
    } catch (error) {
      throw fileError(this.name, this.#image, error);
    } finally {
      await rm(copy, { force: true });
    }
  }

  async close(): Promise<void> {
    await rm(this.#scratch, { recursive: true, force: true });
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
    const check = await runCommand(['e2fsck', '-f', '-n', copy], {
      deadlineMs,
      package: 'e2fsprogs',
    });
    if (check.status !== 0) throw failure('e2fsck', check, this.name);
    const edited = new ImageTree(copy, this.#scratch);
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

  async #assertClean(): Promise<void> {
    const { stdout } = await this.#debugfs(this.#image, ['show_super_stats -h']);
    if (/^Filesystem features:.*\bneeds_recovery\b/m.test(stdout)) {
      throw injectError('UNSUITABLE', `${this.name} was not unmounted cleanly`, {
        hint: `run: e2fsck -p ${this.#image}`,
      });
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
    return await run(['debugfs', ...options, '-f', file, image], 'e2fsprogs');
  }
}

function once<T>(known: Map<string, Promise<T>>, key: string, find: () => Promise<T>): Promise<T> {
  const found = known.get(key) ?? find();
  known.set(key, found);
  return found;
}

async function run(command: readonly [string, ...string[]], from: string): Promise<CommandResult> {
  const result = await runCommand(command, { deadlineMs, package: from });
  if (result.status !== 0) throw failure(command[0], result, command.at(-1) ?? '');
  return result;
}

function failure(program: string, { stdout, stderr }: CommandResult, on: string): Error {
  const said = `${stderr}\n${stdout}`.trim().split('\n').at(-1) ?? '';
  return injectError('FAILED', `${program} failed on ${on}: ${said}`);
}

async function assertExt4(image: string): Promise<void> {
  try {
    if (!(await stat(image)).isFile()) throw injectError('UNSUITABLE', `${image} is not a file`);
    const handle = await open(image, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, magic.offset);
      if (bytesRead === 2 && buffer.readUInt16LE() === magic.value) return;
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileError('image', image, error);
  }
  throw injectError('UNSUITABLE', `image:${image} holds no ext4 file system of its own`, {
    hint: 'a disk with partitions: losetup -P, mount the root, and use dir:FOLDER',
  });
}

/** Copies that a run left behind which was cut off. */
async function removeLeftovers(image: string): Promise<void> {
  const folder = dirname(image);
  for (const name of await readdir(folder)) {
    const isCopy = isTemporaryName(name) && name.endsWith(`-${basename(image).slice(0, 64)}`);
    if (isCopy) await rm(join(folder, name), { force: true });
  }
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
