/** What the commands on a root share that is kept elsewhere: its folder, its passphrase, and the use of both. */
import { resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { operateCa } from '../app/ca-access.ts';
import type { CaStatus, RotationOutcome } from '../app/ca-operations.ts';
import { releasedAt } from '../app/version.ts';
import type { AuthorityOptions } from '../ca/authority-store.ts';
import type { OfflineRequest } from '../ca/offline-grant.ts';
import { consultOfflineRoot } from '../ca/offline-root.ts';
import type { Configuration } from '../config/configuration.ts';
import { readPassphrase, type PassphraseReference } from '../config/passphrase.ts';
import { createLogger } from '../telemetry/logger.ts';
import { systemClock } from '../time/clock.ts';
import type { Told } from './told.ts';

export interface OfflineOptions {
  readonly offlineRoot?: string;
  readonly rootPassphrase?: PassphraseReference;
}

export function offlineRootOptions(command: Command): Command {
  return command
    .option('--offline-root <dir>', "folder with the root's key, which its owner keeps elsewhere")
    .option(
      '--root-passphrase <place>',
      'where the passphrase of that key is read: file:PATH, env:NAME or fd:NUMBER',
      parsePlace,
    );
}

/** @throws MirrorgateError as `consultOfflineRoot`, and of the operation */
export async function presentRoot(
  configuration: Configuration,
  directory: string,
  {
    request,
    rootPassphrase,
  }: {
    readonly request: OfflineRequest;
    readonly rootPassphrase?: PassphraseReference | undefined;
  },
): Promise<Told<RotationOutcome>> {
  const status = (await operateCa(configuration, { name: 'ca-status' })) as Told<CaStatus>;
  const grant = await consultOfflineRoot(
    offlineAuthority(configuration, directory, rootPassphrase),
    {
      request,
      present: status.roots,
    },
  );
  const detail = { request, grant };
  return (await operateCa(configuration, { name: 'ca-offline', detail })) as Told<RotationOutcome>;
}

export function offlineAuthority(
  { certificates }: Configuration,
  directory: string,
  rootPassphrase: PassphraseReference | undefined,
): AuthorityOptions {
  return {
    directory: resolve(directory),
    configuration: certificates.privateCa,
    clock: systemClock,
    logger: createLogger({ level: 'warn', format: 'text', process: 'mirrorgate' }),
    builtAt: releasedAt,
    passphrase: rootPassphrase && readPassphrase(rootPassphrase),
  };
}

function parsePlace(text: string): PassphraseReference {
  const [, kind, place = ''] = /^(file|env|fd):(.+)$/s.exec(text) ?? [];
  if (kind === 'file') return { file: resolve(place) };
  if (kind === 'env') return { env: place };
  if (kind === 'fd' && /^[0-9]{1,4}$/.test(place)) return { fd: Number(place) };
  throw new InvalidArgumentError('write file:PATH, env:NAME or fd:NUMBER; it never stands here');
}
