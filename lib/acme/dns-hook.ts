/**
 * dns-01 by a command of the operator: `COMMAND… present|cleanup NAME VALUE`. It runs without a
 * shell, in an environment that holds nothing of ours, one run at a time.
 */
import { spawn } from 'node:child_process';
import { errorMessage, MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { Clock } from '../time/clock.ts';
import type { Challenge, ChallengeResponder } from './challenge.ts';
import { Turnstile } from './turnstile.ts';
import { pause } from './waiting.ts';

export interface DnsHookOptions {
  /** The program and what stands before `present` or `cleanup`. */
  readonly command: readonly [string, ...string[]];
  /** Beside PATH: what the command needs to reach its DNS provider. */
  readonly environment?: Readonly<Record<string, string>>;
  /** For one run. */
  readonly deadlineMs: number;
  /** Waited after `present`, until every name server of the zone has the record. */
  readonly propagationMs: number;
  readonly clock: Clock;
}

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const maxMessageLength = 200;

/** Its methods reject with `MIRRORGATE_ACME_HOOK`. */
export function dnsHook(options: DnsHookOptions): ChallengeResponder {
  const { clock, propagationMs } = options;
  const runs = new Turnstile();
  const never = new AbortController().signal;
  return {
    async present(challenge, signal) {
      const { name, value } = record(challenge);
      await runs.exclusively('run', signal, () => run(options, ['present', name, value], signal));
      await pause(clock, propagationMs, signal);
    },
    async withdraw(challenge) {
      const { name, value } = record(challenge);
      await runs.exclusively('run', never, () => run(options, ['cleanup', name, value], never));
    },
  };
}

function record(challenge: Challenge): { readonly name: string; readonly value: string } {
  if (challenge.kind === 'dns-01') return challenge;
  throw new TypeError(`a DNS hook cannot answer ${challenge.kind}`);
}

async function run(
  { command, environment, deadlineMs, clock }: DnsHookOptions,
  args: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const [file, ...before] = command;
  const ended = Promise.withResolvers<string>();
  const child = spawn(file, [...before, ...args], {
    cwd: '/',
    env: { PATH: path, ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
    // A process group of its own, so that what it started ends with it.
    detached: true,
  });
  const end = (): void => killGroup(child.pid);
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-4_096)));
  child.stderr.on('error', (error) => ended.resolve(errorMessage(error)));
  child.on('error', (error) => ended.resolve(errorMessage(error)));
  // Not `close`: something in the background may hold its standard error.
  child.on('exit', (code, killedBy) => ended.resolve(endText(code, killedBy, said)));
  const timer = clock.after(deadlineMs, end);
  signal.addEventListener('abort', end, { once: true });
  try {
    const problem = await ended.promise;
    signal.throwIfAborted();
    if (problem !== '') throw failed(`${file} ${args.slice(0, 2).join(' ')}: ${problem}`);
  } finally {
    timer.cancel();
    signal.removeEventListener('abort', end);
    child.stderr.destroy();
  }
}

/** Empty where it ended well. */
function endText(code: number | null, killedBy: NodeJS.Signals | null, said: string): string {
  if (code === 0) return '';
  const last = said.trim().split('\n').at(-1) ?? '';
  const how =
    killedBy === 'SIGKILL' ? 'ended at its deadline' : `ended with ${code ?? killedBy ?? ''}`;
  return last === '' ? how : `${how}: ${last.slice(-maxMessageLength)}`;
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended in between: what the signal was for has happened.
  }
}

function failed(message: string): MirrorgateError {
  return new MirrorgateError('MIRRORGATE_ACME_HOOK', message, {
    hint: 'run dns.command by hand with these arguments; it must end with 0',
  });
}
