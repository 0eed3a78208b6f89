/**
 * Files that are either the old or the new content, never a part: temporary file in the same
 * directory → write → fsync → rename → fsync the directory.
 */
import { randomBytes } from 'node:crypto';
import { open, readFile, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errorCode } from '../errors/mirrorgate-error.ts';

/** Marks files that a crash may leave behind; {@link isTemporaryName} finds them again. */
const temporaryPrefix = '.mirrorgate-tmp-';

export interface AtomicFileOptions {
  /** Permission bits of the new file, whatever the umask; 0600 unless told. */
  readonly mode?: number;
}

/** Replaces the file at `path` with `data` in one step. Throws the file system's own error. */
export async function writeFileAtomically(
  path: string,
  data: string | Uint8Array,
  options: AtomicFileOptions = {},
): Promise<void> {
  const directory = dirname(path);
  const temporary = temporaryPath(path);
  const handle = await open(temporary, 'wx', 0o600);
  try {
    try {
      await handle.writeFile(data);
      await handle.chmod(options.mode ?? 0o600);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    // What failed first is what the caller must know; a leftover is found by its name.
    await removeFile(temporary).catch(() => false);
    throw error;
  }
  await syncDirectory(directory);
}

/** A name beside `path` that nobody else uses, for a file that will be renamed to it. */
export function temporaryPath(path: string): string {
  const suffix = randomBytes(6).toString('hex');
  return join(dirname(path), `${temporaryPrefix}${suffix}-${basename(path).slice(0, 64)}`);
}

/** Whether a crash left the file of this base name behind. */
export function isTemporaryName(name: string): boolean {
  return name.startsWith(temporaryPrefix);
}

/** Makes renames and removals in `directory` outlive a power cut. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The content of `path`, or undefined where there is no such file. */
export async function readFileIfPresent(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Removes `path`; returns whether it was there. */
export async function removeFile(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

export function isMissing(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}
