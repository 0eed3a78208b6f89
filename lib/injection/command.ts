/** Programs of the machine that injecting needs, run to their end with a deadline. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { errorCode } from '../errors/mirrorgate-error.ts';
import { injectError } from './inject-error.ts';

export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly input?: string;
  readonly deadlineMs: number;
  /** The Debian package of the program, for who lacks it. */
  readonly package: string;
}

/** @throws MirrorgateError `MIRRORGATE_INJECT_FAILED` where it cannot be run or does not end */
export async function runCommand(
  command: readonly [string, ...string[]],
  options: CommandOptions,
): Promise<CommandResult> {
  const [program, ...rest] = command;
  const signal = AbortSignal.timeout(options.deadlineMs);
  const child = spawn(program, rest, {
    stdio: ['pipe', 'pipe', 'pipe'],
    signal,
    killSignal: 'SIGKILL',
  });
  // A program that ends without reading its input is told by its status.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  try {
    const [stdout, stderr, [status]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null]>,
    ]);
    return { status, stdout, stderr };
  } catch (cause) {
    const isMissing = errorCode(cause) === 'ENOENT';
    throw injectError('FAILED', isMissing ? `${program} is not here` : `${program} did not end`, {
      cause,
      ...(isMissing && { hint: `install the package ${options.package}` }),
    });
  }
}
