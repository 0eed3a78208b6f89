/**
 * A root file system in a folder of this machine. Symbolic links in it mean what they mean inside:
 * no link leads out of the folder, neither for reading nor for writing.
 */
import { constants } from 'node:fs';
import { access, lstat, mkdir, readdir, readFile, readlink, stat } from 'node:fs/promises';
import { basename, dirname, join, posix } from 'node:path';
import { errorCode } from '../errors/mirrorgate-error.ts';
import {
  isMissing,
  isTemporaryName,
  removeFile,
  syncDirectory,
  writeFileAtomically,
} from '../files/atomic-file.ts';
import { fileError, injectError } from './inject-error.ts';
import { fileMode, type Edit, type RootTree } from './root-tree.ts';

/** As the kernel has it (path_resolution(7)). */
const maxLinks = 40;

export class DirectoryTree implements RootTree {
  readonly name: string;
  readonly #root: string;

  private constructor(root: string, name: string) {
    this.#root = root;
    this.name = name;
  }

  /**
   * `name` is what messages call it.
   * @throws MirrorgateError `MIRRORGATE_INJECT_UNREADABLE`, `MIRRORGATE_INJECT_UNSUITABLE`
   */
  static async open(root: string, name = `dir:${root}`): Promise<DirectoryTree> {
    const facts = await stat(root).catch((error: unknown) => {
      throw fileError('dir', root, error);
    });
    if (!facts.isDirectory()) throw injectError('UNSUITABLE', `${root} is not a folder`);
    if (root === '/') {
      throw injectError('UNSUITABLE', 'dir:/ is this machine itself', {
        hint: 'run install.sh for a machine that runs',
      });
    }
    return new DirectoryTree(root, name);
  }

  async read(path: string): Promise<Buffer | undefined> {
    const place = await this.#resolve(path);
    try {
      return await readFile(place);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw fileError(this.name, path, error);
    }
  }

  async isDirectory(path: string): Promise<boolean> {
    return (await this.#stat(path))?.isDirectory() === true;
  }

  async list(path: string): Promise<string[]> {
    try {
      return await readdir(await this.#resolve(path));
    } catch (error) {
      if (isMissing(error)) return [];
      throw fileError(this.name, path, error);
    }
  }

  async apply(edits: readonly Edit[]): Promise<void> {
    if (edits.length > 0) await this.#assertWritable();
    const swept = new Set<string>();
    for (const edit of edits) {
      try {
        const folder = await this.#resolve(dirname(edit.path));
        // What is removed is the link itself; what is written is what it leads to.
        const place =
          edit.kind === 'remove'
            ? join(folder, basename(edit.path))
            : await this.#resolve(edit.path);
        await mkdir(folder, { recursive: true, mode: 0o755 });
        if (!swept.has(folder)) await sweep(folder);
        swept.add(folder);
        if (edit.kind === 'write')
          await writeFileAtomically(place, edit.content, { mode: fileMode });
        else await removeAt(place);
      } catch (error) {
        throw fileError(this.name, edit.path, error);
      }
    }
  }

  /** Node's recursive mkdir tells of a read-only file system as of a folder that is missing. */
  async #assertWritable(): Promise<void> {
    try {
      await access(this.#root, constants.W_OK);
    } catch (error) {
      throw fileError(this.name, '/', error);
    }
  }

  async #stat(path: string) {
    try {
      return await lstat(await this.#resolve(path));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw fileError(this.name, path, error);
    }
  }

  /** The place on this machine of what the tree calls `path`, every link followed inside the tree. */
  async #resolve(path: string): Promise<string> {
    let rest = path.split('/').filter((part) => part !== '');
    let inside = '/';
    for (let links = 0; rest.length > 0;) {
      const [part = '', ...more] = rest;
      rest = more;
      const next = posix.join(inside, part);
      const target = await tryLink(join(this.#root, next));
      if (target === undefined) {
        inside = next;
        continue;
      }
      links += 1;
      if (links > maxLinks)
        throw injectError('UNSUITABLE', `${this.name}: too many links at ${path}`);
      rest = [...target.split('/').filter((one) => one !== ''), ...rest];
      if (target.startsWith('/')) inside = '/';
    }
    return join(this.#root, inside);
  }
}

/** What the link at `path` says; undefined where there is no link. */
async function tryLink(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    if (isMissing(error) || errorCode(error) === 'EINVAL') return undefined;
    throw error;
  }
}

async function removeAt(place: string): Promise<void> {
  if (await removeFile(place)) await syncDirectory(dirname(place));
}

/** What a run that was cut off left behind: a half-written root must not be taken for one. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (isTemporaryName(name)) await removeFile(join(folder, name));
  }
}
