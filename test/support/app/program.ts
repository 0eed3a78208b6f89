/** Commands of the program, run to their end, whatever that is. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { CommandFailure, runCommand, type CommandOutput } from '../lab/command.ts';
import { gateProgram } from '../lab/gate.ts';
import { machine } from '../lab/place.ts';
import { withEnvironment } from './process-table.ts';

export interface Outcome {
  /** Null where it had to be killed. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: readonly string[];
  /** Of `stderr`, what is no line of the log. */
  readonly errors: readonly string[];
  /** Processes that it started and that live on. */
  readonly left: readonly number[];
}

const deadlineMs = 15_000;

/** `mirrorgate` with these arguments, on this Node. */
export async function mirrorgate(...command: readonly string[]): Promise<Outcome> {
  return await runProgram([process.execPath, gateProgram, ...command]);
}

export async function runProgram(commandLine: readonly string[]): Promise<Outcome> {
  const mark = randomUUID();
  const options = { deadlineMs, environment: { MIRRORGATE_TEST_MARK: mark } };
  const { exitCode, stdout, stderr } = await end(runCommand(machine, commandLine, options));
  const lines = stderr.split('\n').filter((line) => line !== '');
  return {
    exitCode,
    stdout,
    stderr: lines,
    errors: lines.filter((line) => !line.startsWith('{')),
    left: await withEnvironment(`MIRRORGATE_TEST_MARK=${mark}`),
  };
}

/**
 * That it ended with this code, with nothing on standard output and one line for each problem,
 * each with these texts in it, and that nothing of it goes on.
 */
export function expectRefusal(
  outcome: Outcome | undefined,
  exitCode: number,
  ...problems: readonly (readonly string[])[]
): void {
  if (outcome === undefined) throw new TypeError('nothing was run');
  const { errors, stdout, left } = outcome;
  const shown = outcome.stderr.join('\n');
  expect(errors, shown).to.have.length(problems.length);
  for (const [index, texts] of problems.entries()) {
    for (const text of ['mirrorgate: ', ...texts]) expect(errors[index]).to.include(text);
  }
  expect({ exitCode: outcome.exitCode, stdout, left }, shown).to.deep.equal({
    exitCode,
    stdout: '',
    left: [],
  });
}

async function end(
  running: Promise<CommandOutput>,
): Promise<CommandOutput & { readonly exitCode: number | null }> {
  try {
    return { ...(await running), exitCode: 0 };
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    const { exitCode, stdout, stderr } = error;
    return { exitCode, stdout, stderr };
  }
}
