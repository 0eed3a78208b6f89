/**
 * Secrets in two generations: the current file and the one before it. A crash, a full disk or a
 * damaged file never takes both; what no parser accepts is never returned.
 */
import { link, open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../errors/mirrorgate-error.ts';
import {
  isMissing,
  isTemporaryName,
  removeFile,
  syncDirectory,
  temporaryPath,
  writeFileAtomically,
} from '../files/atomic-file.ts';
import { checkPrivateFile } from '../files/private-tree.ts';
import type { Clock } from '../time/clock.ts';
import type { GenerationPaths } from './certs-layout.ts';

/** Throws where the text is not a whole and valid generation. */
export type GenerationParser<T> = (text: string) => T;

export interface Damage {
  readonly path: string;
  readonly error: unknown;
}

export type GenerationResult<T> =
  | { readonly kind: 'found'; readonly value: T; readonly damaged: readonly Damage[] }
  | { readonly kind: 'absent' }
  | { readonly kind: 'damaged'; readonly damaged: readonly Damage[] };

/**
 * The newest generation that `parse` accepts. `damaged` names the newer ones that it does not,
 * a missing current file included where there is a previous one.
 * @throws MirrorgateError `MIRRORGATE_FILES_PERMISSIONS` where others can read a generation
 */
export async function readGeneration<T>(
  { current, previous }: GenerationPaths,
  parse: GenerationParser<T>,
): Promise<GenerationResult<T>> {
  const present = await Promise.all([current, previous].map(checkPrivateFile));
  if (!present.includes(true)) return { kind: 'absent' };
  const damaged: Damage[] = [];
  for (const path of [current, previous]) {
    try {
      return { kind: 'found', value: parse(await readFile(path, 'utf8')), damaged };
    } catch (error) {
      damaged.push({ path, error });
    }
  }
  return { kind: 'damaged', damaged };
}

/**
 * Writes the first generation, twice. Of several processes that try at once exactly one gets
 * true; the others find what it wrote. Throws the file system's own error.
 */
export async function createGeneration(
  { directory, current, previous }: GenerationPaths,
  text: string,
): Promise<boolean> {
  const temporary = temporaryPath(current);
  const handle = await open(temporary, 'wx', 0o600);
  try {
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(temporary, current);
    await syncDirectory(directory);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await removeFile(temporary);
  }
  await writeFileAtomically(previous, text);
  return true;
}

/**
 * Puts `text` in the place of the current generation and keeps that one as the previous, unless
 * `parse` refuses it. Throws the file system's own error; the old generations then still stand.
 */
export async function replaceGeneration(
  { current, previous }: GenerationPaths,
  text: string,
  parse: GenerationParser<unknown>,
): Promise<void> {
  const old = await tryReadValid(current, parse);
  if (old !== undefined) await writeFileAtomically(previous, old);
  await writeFileAtomically(current, text);
}

async function tryReadValid(
  path: string,
  parse: GenerationParser<unknown>,
): Promise<string | undefined> {
  try {
    const text = await readFile(path, 'utf8');
    parse(text);
    return text;
  } catch {
    // Absent or damaged: there is nothing to keep.
    return undefined;
  }
}

/** Older than any write that may still be going on. */
const abandonedAfterMs = 600_000;

/** Removes what a crash left half-written in `directory`: such files may hold keys. */
export async function sweepTemporaries(directory: string, clock: Clock): Promise<void> {
  for (const name of (await readdir(directory)).filter(isTemporaryName)) {
    const path = join(directory, name);
    try {
      const { mtimeMs } = await stat(path);
      if (clock.now().getTime() - mtimeMs > abandonedAfterMs) await removeFile(path);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
}
