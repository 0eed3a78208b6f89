/**
 * Directories and files for keys and sockets: 0700 and 0600, owned by this process's user.
 * Looser permissions are refused, never mended in silence: somebody may have read the key.
 */
import type { Stats } from 'node:fs';
import { chmod, lstat, mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errorCode, MirrorgateError } from '../errors/mirrorgate-error.ts';
import { isMissing } from './atomic-file.ts';

/**
 * Makes `path` as 0700 where it is absent, else checks it.
 * @throws MirrorgateError `MIRRORGATE_FILES_PERMISSIONS`, `MIRRORGATE_FILES_DIRECTORY`
 */
export async function ensurePrivateDirectory(path: string): Promise<void> {
  await claimPrivateDirectory(path, () => false);
}

/**
 * As {@link ensurePrivateDirectory}, but a directory with loose permissions is tightened where
 * `holdsNoSecret` says of its entries that nothing secret can have been read in it yet.
 * @throws MirrorgateError `MIRRORGATE_FILES_PERMISSIONS`, `MIRRORGATE_FILES_DIRECTORY`
 */
export async function claimPrivateDirectory(
  path: string,
  holdsNoSecret: (names: readonly string[]) => boolean,
): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    if (errorCode(cause) === 'EEXIST') throw notADirectory(path);
    throw new MirrorgateError('MIRRORGATE_FILES_DIRECTORY', `cannot make the directory ${path}`, {
      cause,
      hint: 'check that the disk is not full and that the parent folder is writable',
    });
  }
  const facts = await directoryFacts(path);
  if (facts.isSymbolicLink()) {
    throw new MirrorgateError('MIRRORGATE_FILES_DIRECTORY', `${path} is a symbolic link`, {
      hint: 'name the directory that it leads to: who may change a link decides where keys go',
    });
  }
  if (!facts.isDirectory()) throw notADirectory(path);
  assertOwned(path, facts.uid);
  if ((facts.mode & 0o077) === 0) return;
  if (!holdsNoSecret(await readdir(path))) throw loosePermissions(path, facts.mode, '700');
  await chmod(path, 0o700);
}

/**
 * What is at `path`, without following links but the system's own, which nobody
 * but root can change: systemd has such where the folders of a dynamic user are looked for.
 */
export async function directoryFacts(path: string): Promise<Stats> {
  const facts = await lstat(path);
  if (!facts.isSymbolicLink() || facts.uid !== 0) return facts;
  const folder = await stat(dirname(resolve(path)));
  const isFixed = folder.uid === 0 && (folder.mode & 0o022) === 0;
  return isFixed ? await stat(path) : facts;
}

/**
 * Checks that a private file, if present, can be read by its owner alone.
 * @returns whether the file is there
 * @throws MirrorgateError `MIRRORGATE_FILES_PERMISSIONS`
 */
export async function checkPrivateFile(path: string): Promise<boolean> {
  let facts;
  try {
    facts = await lstat(path);
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
  if (facts.isSymbolicLink()) {
    throw new MirrorgateError('MIRRORGATE_FILES_PERMISSIONS', `${path} is a symbolic link`, {
      hint: 'put the file itself there: who may change a link decides what is read',
    });
  }
  assertOwned(path, facts.uid);
  if ((facts.mode & 0o077) !== 0) {
    throw loosePermissions(path, facts.mode, '600');
  }
  return true;
}

function notADirectory(path: string): MirrorgateError {
  return new MirrorgateError('MIRRORGATE_FILES_DIRECTORY', `${path} is not a directory`, {
    hint: 'move it away, or name another directory in the configuration',
  });
}

function assertOwned(path: string, uid: number): void {
  const own = process.getuid?.();
  if (own === undefined || own === uid || own === 0) return;
  throw new MirrorgateError(
    'MIRRORGATE_FILES_PERMISSIONS',
    `${path} belongs to user ${uid}, this process runs as ${own}`,
    { hint: `run as the owner, or: chown -R ${own} ${path}` },
  );
}

function loosePermissions(path: string, mode: number, wanted: string): MirrorgateError {
  const shown = (mode & 0o777).toString(8);
  return new MirrorgateError(
    'MIRRORGATE_FILES_PERMISSIONS',
    `${path} has mode ${shown}: others can read what must stay secret`,
    { hint: `chmod ${wanted} ${path}; replace the key if others had access` },
  );
}
