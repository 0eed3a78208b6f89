/**
 * The private CA on disk: one private file in two generations. A CA is made once; where there has
 * been one, no other is ever made in its place.
 */
import { readFile } from 'node:fs/promises';
import { fingerprint } from '../certificates/certificate-facts.ts';
import { authorityPaths, type GenerationPaths } from '../certificates/certs-layout.ts';
import {
  createGeneration,
  readGeneration,
  replaceGeneration,
  type GenerationResult,
} from '../certificates/generations.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { readFileIfPresent, writeFileAtomically } from '../files/atomic-file.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import type { AuthorityState } from './authority-state.ts';
import { authorityText, parseAuthority } from './authority-text.ts';
import type { Seal } from './seal.ts';

/**
 * The newest whole generation, or undefined where there has been none. Sealed keys stay sealed.
 * @throws MirrorgateError `MIRRORGATE_CA_DAMAGED`, `MIRRORGATE_CA_UNREADABLE`,
 *   `MIRRORGATE_FILES_PERMISSIONS`
 */
export async function readAuthority(
  directory: string,
  logger: Logger,
): Promise<AuthorityState | undefined> {
  const paths = authorityPaths(directory);
  const result = await readBoth(paths);
  switch (result.kind) {
    case 'absent':
      return undefined;
    case 'damaged':
      throw new MirrorgateError(
        'MIRRORGATE_CA_DAMAGED',
        `the private CA in ${paths.directory} is damaged`,
        {
          cause: result.damaged[0]?.error,
          hint: `restore ${paths.current} from a backup; a new CA (after removing the folder) would cut off every client that trusts this one`,
        },
      );
    case 'found':
      for (const { path, error } of result.damaged) {
        logger.error('private CA damaged', {
          path,
          ...errorFields(error),
          hint: `the generation before it serves; mend it with: cp -p ${paths.previous} ${path}`,
        });
      }
      return result.value;
  }
}

export interface WrittenState {
  readonly directory: string;
  readonly authority: AuthorityState;
  /** Under which the keys are written; undefined writes them open. */
  readonly seal: Seal | undefined;
}

/**
 * Writes the first state. Returns false where another process was faster.
 * @throws MirrorgateError `MIRRORGATE_CA_WRITE`
 */
export async function createAuthority(state: WrittenState): Promise<boolean> {
  const paths = authorityPaths(state.directory);
  return await writing(paths, () =>
    createGeneration(paths, authorityText(state.authority, state.seal)),
  );
}

/**
 * Puts the state in the place of the one before, which stays as the previous generation unless it
 * holds more keys, or the same ones less well kept: what was given up is gone from both.
 * @throws MirrorgateError `MIRRORGATE_CA_WRITE`; the old state then still stands
 */
export async function replaceAuthority(state: WrittenState): Promise<void> {
  const paths = authorityPaths(state.directory);
  const text = authorityText(state.authority, state.seal);
  await writing(paths, () => replaceGeneration(paths, text, parseAuthority));
  await forgetFormerKeys(state.directory);
}

/**
 * Ends what {@link replaceAuthority} may have left undone: where the current generation is whole
 * and the previous one holds keys that it gave up, the current one takes its place too.
 * @throws MirrorgateError `MIRRORGATE_CA_WRITE`
 */
export async function forgetFormerKeys(directory: string): Promise<void> {
  const paths = authorityPaths(directory);
  const current = await tryParse(paths.current);
  const previous = await tryParse(paths.previous);
  if (current === undefined || previous === undefined || !holdsMore(previous, current)) return;
  await writing(paths, async () =>
    writeFileAtomically(paths.previous, await readFile(paths.current)),
  );
}

function holdsMore(previous: AuthorityState, current: AuthorityState): boolean {
  const kept = new Set(keyOwners(current));
  const isGivenUp = keyOwners(previous).some((owner) => !kept.has(owner));
  const salt = (authority: AuthorityState) => authority.seal?.salt.toString('hex');
  return isGivenUp || salt(previous) !== salt(current);
}

/** Fingerprints of the certificates whose keys may be in the file. */
function keyOwners({ roots }: AuthorityState): string[] {
  return roots.flatMap(({ certificate, intermediate }) => [
    fingerprint(certificate),
    ...(intermediate === undefined ? [] : [fingerprint(intermediate.certificate)]),
  ]);
}

/** Undefined where there is none, or none that is whole. */
async function tryParse(path: string): Promise<AuthorityState | undefined> {
  const text = await readFileIfPresent(path);
  if (text === undefined) return undefined;
  try {
    return parseAuthority(text.toString());
  } catch {
    // Damage is told where the CA is read.
    return undefined;
  }
}

async function writing<T>(paths: GenerationPaths, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    throw new MirrorgateError('MIRRORGATE_CA_WRITE', `cannot write ${paths.current}`, {
      cause,
      hint: 'check that the disk is not full and that the folder is writable',
    });
  }
}

async function readBoth(paths: GenerationPaths): Promise<GenerationResult<AuthorityState>> {
  try {
    return await readGeneration(paths, parseAuthority);
  } catch (cause) {
    if (cause instanceof MirrorgateError) throw cause;
    throw new MirrorgateError(
      'MIRRORGATE_CA_UNREADABLE',
      `cannot read the private CA in ${paths.directory}`,
      { cause, hint: 'run as the user who runs mirrorgate serve' },
    );
  }
}
