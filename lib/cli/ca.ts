/** `mirrorgate ca …`: the private CA, read from its files. */
import type { Command } from 'commander';
import { Authority } from '../ca/authority.ts';
import { releasedAt } from '../app/version.ts';
import { readPassphrase } from '../config/passphrase.ts';
import { createLogger } from '../telemetry/logger.ts';
import { systemClock } from '../time/clock.ts';
import { loadForCommand, wantsJson } from './context.ts';
import { print, printJson } from './output.ts';

/** Returns the command, for those below it that live elsewhere. */
export function registerCa(program: Command): Command {
  const ca = program.command('ca').description('the private CA');

  ca.command('init')
    .description('make the private CA, where there is none yet')
    .action(async (_options: unknown, command: Command) => {
      const { certificates } = await loadForCommand(command);
      const { directory, privateCa } = certificates;
      const authority = await Authority.open({
        ...authorityOptions(directory),
        configuration: privateCa,
        passphrase: privateCa.passphrase && readPassphrase(privateCa.passphrase),
      });
      const fingerprint = authority.fingerprint();
      if (wantsJson(command)) printJson({ directory, fingerprint });
      else print(fingerprint);
    });

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

async function openExisting(command: Command): Promise<Authority> {
  const { certificates } = await loadForCommand(command);
  return Authority.openExisting(authorityOptions(certificates.directory));
}

export function authorityOptions(directory: string) {
  const logger = createLogger({ level: 'warn', format: 'text', process: 'mirrorgate' });
  return { directory, clock: systemClock, logger, builtAt: releasedAt };
}
