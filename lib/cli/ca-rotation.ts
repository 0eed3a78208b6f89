/** `mirrorgate ca status`, `ca rotate` and `ca passphrase`. */
import { Option, type Command } from 'commander';
import { operateCa } from '../app/ca-access.ts';
import type { CaStatus, RotationOutcome } from '../app/ca-operations.ts';
import type { Told } from './told.ts';
import { breakageLines } from '../ca/breakage.ts';
import type { Configuration } from '../config/configuration.ts';
import { readPassphrase, type PassphraseReference } from '../config/passphrase.ts';
import { offlineRootOptions, presentRoot, type OfflineOptions } from './ca-offline.ts';
import { caStatusLines, lackingLines } from './ca-status-text.ts';
import { loadForCommand, wantsJson } from './context.ts';
import { print, printJson } from './output.ts';

export function registerCaRotation(ca: Command): void {
  ca.command('status')
    .description('show the roots, the rotation and what its next step waits for')
    .action(async (_options: unknown, command: Command) => {
      const value = await operateCa(await loadForCommand(command), { name: 'ca-status' });
      if (wantsJson(command)) printJson(value);
      else for (const line of caStatusLines(value as Told<CaStatus>)) print(line);
    });

  const rotate = ca
    .command('rotate')
    .description('begin to replace the root, which goes on for weeks and cuts nobody off')
    .addOption(
      new Option(
        '--emergency',
        'replace every root at once, for a key that others had; says who fails',
      ),
    )
    .addOption(
      new Option(
        '--force',
        'let the rotation that goes on leave behind the clients that it waits for',
      ).conflicts(['emergency', 'offlineRoot']),
    )
    .action(async (options: RotateOptions, command: Command) => {
      const configuration = await loadForCommand(command);
      tell(await rotation(configuration, options), command);
    });
  offlineRootOptions(rotate);

  const renew = ca
    .command('renew')
    .description('make a new intermediate below a root that is kept elsewhere')
    .action(async ({ offlineRoot, rootPassphrase }: OfflineOptions, command: Command) => {
      if (offlineRoot === undefined) {
        command.error('error: name the folder of the root: --offline-root DIR', { exitCode: 2 });
      }
      const configuration = await loadForCommand(command);
      const request = { request: 'renew', rootPassphrase } as const;
      tell(await presentRoot(configuration, offlineRoot, request), command);
    });
  offlineRootOptions(renew);

  registerPassphrase(ca);
}

interface RotateOptions extends OfflineOptions {
  readonly emergency?: boolean;
  readonly force?: boolean;
}

async function rotation(
  configuration: Configuration,
  { emergency, force, offlineRoot, rootPassphrase }: RotateOptions,
): Promise<Told<RotationOutcome>> {
  const isEmergency = emergency === true;
  if (offlineRoot !== undefined) {
    const request = isEmergency ? 'emergency' : 'rotate';
    return await presentRoot(configuration, offlineRoot, { request, rootPassphrase });
  }
  const detail = isEmergency ? 'emergency' : force === true ? 'force' : 'begin';
  const value = await operateCa(configuration, { name: 'ca-rotate', detail });
  return value as Told<RotationOutcome>;
}

function tell(outcome: Told<RotationOutcome>, command: Command): void {
  if (wantsJson(command)) printJson(outcome);
  else for (const line of outcomeLines(outcome)) print(line);
}

interface PassphraseOptions {
  readonly file?: string;
  readonly env?: string;
  readonly fd?: string;
  readonly none?: boolean;
}

function registerPassphrase(ca: Command): void {
  ca.command('passphrase')
    .description('put the keys of the private CA under another passphrase')
    .option('--file <path>', 'read the new passphrase from a file')
    .option('--env <name>', 'read it from an environment variable')
    .option('--fd <number>', 'read it from an open file descriptor')
    .option('--none', 'leave the keys open, for this user alone to read')
    .action(async (options: PassphraseOptions, command: Command) => {
      const reference = newPassphrase(options, command);
      const passphrase = reference && readPassphrase(reference).toString();
      const detail = passphrase === undefined ? {} : { passphrase };
      const configuration = await loadForCommand(command);
      const value = await operateCa(configuration, { name: 'ca-passphrase', detail });
      if (wantsJson(command)) printJson(value);
      else if (passphrase === undefined) print('the keys lie open, for this user alone to read');
      else
        print('the keys are sealed; see that certificates.privateCa.passphrase names the new one');
    });
}

/** Undefined for none. */
function newPassphrase(
  { file, env, fd, none }: PassphraseOptions,
  command: Command,
): PassphraseReference | undefined {
  const given: PassphraseReference[] = [
    ...(file === undefined ? [] : [{ file }]),
    ...(env === undefined ? [] : [{ env }]),
    ...(fd === undefined ? [] : [{ fd: Number(fd) }]),
  ];
  if (given.length + (none === true ? 1 : 0) !== 1) {
    command.error('error: name one of --file, --env, --fd and --none', { exitCode: 2 });
  }
  return given[0];
}

function outcomeLines(outcome: Told<RotationOutcome>): string[] {
  switch (outcome.kind) {
    case 'renewed':
      return ['a new intermediate signs', ...caStatusLines(outcome.status)];
    case 'begun':
      return ['the rotation has begun', ...caStatusLines(outcome.status)];
    case 'forced':
      return [
        outcome.left.length === 0
          ? 'no client is left behind as far as it is known'
          : 'these are left behind when the time has come:',
        ...lackingLines(outcome.left),
        ...caStatusLines(outcome.status),
      ];
    case 'replaced': {
      const { clients, ...breakage } = outcome.breakage;
      const dated = clients.map((client) => ({ ...client, lastSeen: new Date(client.lastSeen) }));
      return breakageLines({ ...breakage, clients: dated });
    }
  }
}
