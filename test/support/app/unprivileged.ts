/** The user that has no rights on this machine, for what root would be let do. */
import { machine } from '../lab/place.ts';
import { runCommand } from '../lab/command.ts';
import { gateProgram } from '../lab/gate.ts';
import { LabAvailability } from '../lab/lab-availability.ts';

/** `nobody` of every Linux. */
export const nobody = 65_534;

/** The command line before a program that `nobody` is to run. */
export const asNobody: readonly string[] = [
  'setpriv',
  `--reuid=${nobody}`,
  `--regid=${nobody}`,
  '--clear-groups',
  '--',
];

/** Skips where this suite may not change users, or where that user cannot read this checkout. */
export async function requireNobody(context: Mocha.Context): Promise<void> {
  const lab = await LabAvailability.survey('namespaces');
  lab.require(context, 'namespaces');
  const reading = [...asNobody, process.execPath, gateProgram, '--version'];
  const isReadable = await runCommand(machine, reading).then(
    () => true,
    () => false,
  );
  if (isReadable) return;
  console.warn(`    skipped, user ${nobody} cannot read this checkout`);
  context.skip();
}
