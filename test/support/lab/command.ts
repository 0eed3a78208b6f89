/** One command run to its end, with a deadline; a failure carries everything the command said. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { MirrorgateError } from '../../../lib/errors/mirrorgate-error.ts';
import type { Place } from './place.ts';

export interface CommandOptions {
  /** Added to the environment of the place. */
  readonly environment?: Readonly<Record<string, string>>;
  /** One minute unless told. */
  readonly deadlineMs?: number;
}

export interface CommandOutput {
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that ended with an error, or that was killed at its deadline. */
export class CommandFailure extends MirrorgateError implements CommandOutput {
  readonly stdout: string;
  readonly stderr: string;
  /** Null where a signal ended it, as the deadline does. */
  readonly exitCode: number | null;

  constructor(command: readonly string[], exitCode: number | null, output: CommandOutput) {
    const end = exitCode === null ? 'was killed' : `ended with ${exitCode}`;
    super(
      'MIRRORGATE_LAB_COMMAND',
      `${command.join(' ')} ${end}\n${output.stderr}\n${output.stdout}`.trimEnd(),
    );
    this.exitCode = exitCode;
    this.stdout = output.stdout;
    this.stderr = output.stderr;
  }
}

/** @throws CommandFailure where it does not end with 0 */
export async function runCommand(
  place: Place,
  command: readonly string[],
  options: CommandOptions = {},
): Promise<CommandOutput> {
  const [file = '', ...rest] = place.commandLine(command);
  const child = spawn(file, rest, {
    env: { ...place.environment, ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: options.deadlineMs ?? 60_000,
    killSignal: 'SIGKILL',
  });
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  if (exitCode !== 0) throw new CommandFailure(command, exitCode, { stdout, stderr });
  return { stdout, stderr };
}

/** The failure of a command that is meant to fail. @throws where it succeeds */
export async function failureOf(outcome: Promise<unknown>): Promise<CommandFailure> {
  try {
    await outcome;
  } catch (error) {
    if (error instanceof CommandFailure) return error;
    throw error;
  }
  throw new MirrorgateError('MIRRORGATE_LAB_SUCCEEDED', 'the command was expected to fail');
}
