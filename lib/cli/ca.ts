/** `mirrorgate ca …`: the private CA, read from its files. */
import type { Command } from 'commander';
import { Authority } from '../ca/authority.ts';
import { AuthorityStore, type AuthorityOptions } from '../ca/authority-store.ts';
import { foundByOfflineRoot } from '../ca/offline-root.ts';
import { releasedAt } from '../app/version.ts';
import type { Configuration } from '../config/configuration.ts';
import { readPassphrase } from '../config/passphrase.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { createLogger } from '../telemetry/logger.ts';
import { systemClock } from '../time/clock.ts';
import { offlineAuthority, offlineRootOptions, type OfflineOptions } from './ca-offline.ts';
import { loadForCommand, wantsJson } from './context.ts';
import { print, printJson } from './output.ts';

/** Returns the command, for those below it that live elsewhere. */
export function registerCa(program: Command): Command {
  const ca = program.command('ca').description('the private CA');

  const init = ca
    .command('init')
    .description('make the private CA, where there is none yet')
    .action(async (options: OfflineOptions, command: Command) => {
      const configuration = await loadForCommand(command);
      const { directory, privateCa } = configuration.certificates;
      const authority = await Authority.open({
        ...authorityOptions(directory),
        ...(await offlineFirst(configuration, options)),
        configuration: privateCa,
        passphrase: privateCa.passphrase && readPassphrase(privateCa.passphrase),
      });
      const fingerprint = authority.fingerprint();
      if (wantsJson(command)) printJson({ directory, fingerprint });
      else print(fingerprint);
    });
  offlineRootOptions(init);

  ca.command('fingerprint')
    .description('print the SHA-256 fingerprint of the active root')
    .action(async (_options: unknown, command: Command) => {
      const fingerprint = (await openExisting(command)).fingerprint();
      if (wantsJson(command)) printJson({ fingerprint });
      else print(fingerprint);
    });

  ca.command('bundle')
    .description('print all roots to trust now, as PEM')
    .action(async (_options: unknown, command: Command) => {
      const bundlePem = (await openExisting(command)).bundlePem();
      if (wantsJson(command)) printJson({ bundlePem });
      else process.stdout.write(bundlePem);
    });
  return ca;
}

/** What the CA begins with where its root is kept elsewhere; nothing where it is kept here. */
async function offlineFirst(
  configuration: Configuration,
  { offlineRoot, rootPassphrase }: OfflineOptions,
): Promise<Pick<AuthorityOptions, 'first'>> {
  if (offlineRoot === undefined) return {};
  const { directory } = configuration.certificates;
  if ((await AuthorityStore.tryOpen(authorityOptions(directory))) !== undefined) {
    throw new MirrorgateError('MIRRORGATE_CA_EXISTS', `there is a private CA in ${directory}`, {
      hint: 'mirrorgate ca rotate --offline-root DIR moves it to a root that is kept elsewhere',
    });
  }
  const options = offlineAuthority(configuration, offlineRoot, rootPassphrase);
  return { first: await foundByOfflineRoot(options) };
}

async function openExisting(command: Command): Promise<Authority> {
  const { certificates } = await loadForCommand(command);
  return Authority.openExisting(authorityOptions(certificates.directory));
}

export function authorityOptions(directory: string) {
  const logger = createLogger({ level: 'warn', format: 'text', process: 'mirrorgate' });
  return { directory, clock: systemClock, logger, builtAt: releasedAt };
}
