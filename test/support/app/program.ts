/** Commands of the program, run to their end, whatever that is. */
import { CommandFailure, runCommand } from '../lab/command.ts';
import { gateProgram } from '../lab/gate.ts';
import { machine } from '../lab/place.ts';

export interface Outcome {
  /** Null where it had to be killed. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: readonly string[];
  /** Of `stderr`, what is no line of the log. */
  readonly errors: readonly string[];
}

const deadlineMs = 15_000;

/** `mirrorgate` with these arguments, on this Node. */
export async function mirrorgate(...command: readonly string[]): Promise<Outcome> {
  return await runProgram([process.execPath, gateProgram, ...command]);
}

export async function runProgram(commandLine: readonly string[]): Promise<Outcome> {
  try {
    const { stdout, stderr } = await runCommand(machine, commandLine, { deadlineMs });
    return outcome(0, stdout, stderr);
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    return outcome(error.exitCode, error.stdout, error.stderr);
  }
}

function outcome(exitCode: number | null, stdout: string, text: string): Outcome {
  const stderr = text.split('\n').filter((line) => line !== '');
  return { exitCode, stdout, stderr, errors: stderr.filter((line) => !line.startsWith('{')) };
}
