/** `openssl s_client` against an edge: a TLS client that shows alerts and what was agreed on. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { bareEnvironment, machine } from '../lab/place.ts';

/** What it prints, on both outputs; it leaves when its handshake is done or has failed. */
export async function sClient(port: number, ...options: readonly string[]): Promise<string> {
  const [file = '', ...args] = machine.commandLine([
    'openssl',
    's_client',
    '-connect',
    `127.0.0.1:${port}`,
    ...options,
  ]);
  const child = spawn(file, args, {
    env: bareEnvironment,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 10_000,
    killSignal: 'SIGKILL',
  });
  const [output, errors] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return `${output}\n${errors}`;
}
