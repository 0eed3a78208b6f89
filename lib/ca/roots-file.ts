/**
 * The roots of the private CA on disk: one private file in two generations. Roots are made once;
 * where there have been any, no others are ever made in their place.
 */
import type { PrivateCaConfiguration } from '../config/configuration.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { authorityPaths, type GenerationPaths } from '../certificates/certs-layout.ts';
import {
  createGeneration,
  readGeneration,
  type GenerationResult,
} from '../certificates/generations.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import { makeRoot } from './root.ts';
import { parseRoots, rootsText, type Roots } from './roots-text.ts';

/**
 * The newest whole generation, or undefined where there has been none.
 * @throws MirrorgateError `MIRRORGATE_CA_DAMAGED`, `MIRRORGATE_CA_UNREADABLE`,
 *   `MIRRORGATE_FILES_PERMISSIONS`
 */
export async function readRoots(directory: string, logger: Logger): Promise<Roots | undefined> {
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

export interface FirstRootOptions {
  readonly directory: string;
  readonly configuration: PrivateCaConfiguration;
  readonly now: Date;
  readonly logger: Logger;
}

/**
 * Makes the first root. Where another process was faster, returns what that one made.
 * @throws MirrorgateError `MIRRORGATE_CA_CONSTRAINTS`, `MIRRORGATE_CA_WRITE`, and as {@link readRoots}
 */
export async function makeFirstRoot(options: FirstRootOptions): Promise<Roots> {
  const { directory, configuration, now, logger } = options;
  const { name, permitted, rootLifetimeMs } = configuration;
  if (permitted.length === 0) {
    throw new MirrorgateError(
      'MIRRORGATE_CA_CONSTRAINTS',
      'the private CA would be for no name at all',
      { hint: 'name certificates.privateCa.permitted, or let a host use issuer: private-ca' },
    );
  }
  const { current } = authorityPaths(directory);
  const root = makeRoot({ name, permitted, lifetimeMs: rootLifetimeMs, now });
  if (!(await create(authorityPaths(directory), rootsText([root])))) {
    const others = await readRoots(directory, logger);
    if (others !== undefined) return others;
    throw new MirrorgateError('MIRRORGATE_CA_WRITE', `${current} came and went while it was made`, {
      hint: 'start again',
    });
  }
  logger.info('private CA made', { path: current, subject: root.certificate.subject });
  return [root];
}

async function create(paths: GenerationPaths, text: string): Promise<boolean> {
  try {
    return await createGeneration(paths, text);
  } catch (cause) {
    throw new MirrorgateError('MIRRORGATE_CA_WRITE', `cannot write ${paths.current}`, {
      cause,
      hint: 'check that the disk is not full and that the folder is writable',
    });
  }
}

async function readBoth(paths: GenerationPaths): Promise<GenerationResult<Roots>> {
  try {
    return await readGeneration(paths, parseRoots);
  } catch (cause) {
    if (cause instanceof MirrorgateError) throw cause;
    throw new MirrorgateError(
      'MIRRORGATE_CA_UNREADABLE',
      `cannot read the private CA in ${paths.directory}`,
      { cause, hint: 'run as the user who runs mirrorgate serve' },
    );
  }
}
