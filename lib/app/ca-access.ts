/** The command line's way to the private CA: through the gate that runs, else to its files. */
import { Authority } from '../ca/authority.ts';
import { ClientSightings } from '../ca/client-sightings.ts';
import { RotationRunner } from '../ca/rotation-runner.ts';
import type { Configuration } from '../config/configuration.ts';
import { readPassphrase } from '../config/passphrase.ts';
import { createLogger } from '../telemetry/logger.ts';
import { systemClock } from '../time/clock.ts';
import { caOperations, type CaOperation } from './ca-operations.ts';
import { askGate } from './control-client.ts';
import { controlServer } from './control-server.ts';
import { InstanceLock } from './instance-lock.ts';
import { prepareStateDirectory } from './state-directory.ts';
import { releasedAt } from './version.ts';

/**
 * Resolves with what the operation returns, as JSON carries it. No gate can start on the files
 * while they are worked on.
 * @throws MirrorgateError of the operation, `MIRRORGATE_CA_ABSENT`, `MIRRORGATE_STATE_IN_USE`
 */
export async function operateCa(
  configuration: Configuration,
  operation: CaOperation,
): Promise<unknown> {
  const detail = 'detail' in operation ? operation.detail : undefined;
  const told = await askGate(configuration, operation.name, detail);
  if (told !== undefined) return told.value;
  if (operation.name === 'ca-status') return await onFiles(configuration, operation.name, detail);
  await prepareStateDirectory(configuration);
  const lock = await InstanceLock.take(configuration.stateDirectory, controlServer({}));
  try {
    return await onFiles(configuration, operation.name, detail);
  } finally {
    await lock.release();
  }
}

async function onFiles(
  { certificates, stateDirectory }: Configuration,
  name: CaOperation['name'],
  detail: unknown,
): Promise<unknown> {
  const { directory, privateCa } = certificates;
  const clock = systemClock;
  const logger = createLogger({ level: 'warn', format: 'text', process: 'mirrorgate' });
  const needsKey = name !== 'ca-status';
  const passphrase =
    needsKey && privateCa.passphrase !== undefined
      ? readPassphrase(privateCa.passphrase)
      : undefined;
  const authority = await Authority.openExisting({
    ...{ directory, clock, logger, passphrase },
    builtAt: releasedAt,
  });
  passphrase?.fill(0);
  const evidence = await ClientSightings.open({ directory: stateDirectory, clock, logger });
  const runner = new RotationRunner({
    ...{ authority, evidence, clock, logger },
    configuration: privateCa,
  });
  try {
    const value = await caOperations[name]({ authority, runner }, detail);
    return JSON.parse(JSON.stringify(value)) as unknown;
  } finally {
    await runner.close();
  }
}
