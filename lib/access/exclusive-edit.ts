/**
 * Changes a file that other processes and editors change too. The new content is written into
 * `FILE.lock`, which is at once the lock among our own processes and the file that is renamed
 * over the old one; what an editor saved meanwhile is read again.
 */
import { open, readFile, realpath, rename, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode, MirrorgateError } from '../errors/mirrorgate-error.ts';
import { removeFile, syncDirectory } from '../files/atomic-file.ts';

/** What a change makes of a text, and what it has to tell. */
export interface Change<T> {
  readonly text: string;
  readonly outcome: T;
}

/** Which file to edit. */
export interface EditedFile {
  readonly path: string;
  /** Ends the wait for another process's edit; after 5 s unless told. */
  readonly signal?: AbortSignal;
}

const defaultDeadlineMs = 5_000;
const lockPollMs = 10;
/** How often others may save between our reading and our rename. */
const maxAttempts = 5;

/**
 * Replaces the file's text by what `change` makes of it, keeping mode, owner and, where `path` is
 * one, the symbolic link. What `change` throws leaves the file as it was; where the file changed
 * under it, it is called again.
 * @throws MirrorgateError `MIRRORGATE_ACCESS_BUSY` where other edits do not end,
 *   `MIRRORGATE_ACCESS_WRITE` where the file cannot be read or replaced
 */
export async function editExclusively<T>(
  { path, signal = AbortSignal.timeout(defaultDeadlineMs) }: EditedFile,
  change: (text: string) => Change<T>,
): Promise<T> {
  const target = await attempt(path, () => realpath(path));
  for (let tries = 0; tries < maxAttempts; tries += 1) {
    const changed = await editOnce({ path: target, signal }, change);
    if (changed !== undefined) return changed.outcome;
  }
  throw new MirrorgateError('MIRRORGATE_ACCESS_BUSY', `${path} changes faster than it is edited`, {
    hint: 'stop what rewrites it, then try again',
  });
}

/** Undefined where the file changed meanwhile. */
async function editOnce<T>(
  { path: target, signal }: Required<EditedFile>,
  change: (text: string) => Change<T>,
): Promise<Change<T> | undefined> {
  const lock = `${target}.lock`;
  const handle = await acquire(lock, signal);
  let isRenamed = false;
  try {
    const before = await attempt(target, () => readFile(target));
    const changed = change(decode(target, before));
    const after = Buffer.from(changed.text);
    if (after.equals(before)) return changed;
    await attempt(lock, () => fill(handle, { model: target, content: after }));
    isRenamed = await attempt(target, () => renameOver({ lock, target, before }));
    if (!isRenamed) return undefined;
    await attempt(target, () => syncDirectory(dirname(target)));
    return changed;
  } finally {
    await handle.close();
    if (!isRenamed) await removeFile(lock);
  }
}

async function acquire(lock: string, signal: AbortSignal): Promise<FileHandle> {
  for (;;) {
    const handle = await attempt(lock, () => tryCreate(lock));
    if (handle !== undefined) return handle;
    if (signal.aborted) {
      throw new MirrorgateError('MIRRORGATE_ACCESS_BUSY', `another edit holds ${lock}`, {
        hint: `try again; where no other edit is running, one was killed: remove ${lock}`,
      });
    }
    await sleep(lockPollMs);
  }
}

/** Undefined where somebody else holds the lock. */
async function tryCreate(lock: string): Promise<FileHandle | undefined> {
  try {
    return await open(lock, 'wx', 0o600);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return undefined;
    throw error;
  }
}

/** Writes durably, as the same owner and with the same mode as `model`. */
async function fill(
  handle: FileHandle,
  { model, content }: { readonly model: string; readonly content: Buffer },
): Promise<void> {
  const [own, wanted] = [await handle.stat(), await stat(model)];
  await handle.writeFile(content);
  if (own.uid !== wanted.uid || own.gid !== wanted.gid) {
    await handle.chown(wanted.uid, wanted.gid);
  }
  await handle.chmod(wanted.mode & 0o7777);
  await handle.sync();
}

interface Renaming {
  readonly lock: string;
  readonly target: string;
  /** What was read of the target. */
  readonly before: Buffer;
}

/**
 * Unless the target is no longer what was read. What an editor saves between these two calls is
 * lost: the file system knows no rename that compares.
 */
async function renameOver({ lock, target, before }: Renaming): Promise<boolean> {
  if (!(await readFile(target)).equals(before)) return false;
  await rename(lock, target);
  return true;
}

function decode(path: string, bytes: Buffer): string {
  const text = bytes.toString('utf8');
  if (Buffer.from(text).equals(bytes)) return text;
  throw new MirrorgateError('MIRRORGATE_ACCESS_WRITE', `${path} is not UTF-8 text`, {
    hint: 'save it as UTF-8, so that an edit can keep its comments',
  });
}

async function attempt<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    throw new MirrorgateError('MIRRORGATE_ACCESS_WRITE', `cannot edit ${path}`, {
      cause,
      hint: 'check that file and folder are there, and edit as the owner of the file or as root',
    });
  }
}
