/** An injection that is cut off by SIGKILL at a moment of its own choosing. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('injecting-process.ts', import.meta.url));

/** Lets a process inject the bundles in turn, and kills it `afterMs` after it began. */
export async function killedInjection(
  target: string,
  pemFiles: readonly string[],
  afterMs: number,
): Promise<void> {
  const child = spawn(process.execPath, ['--import', 'tsx', program, target, ...pemFiles], {
    stdio: ['ignore', 'pipe', 'inherit'],
    killSignal: 'SIGKILL',
    timeout: 20_000,
  });
  const ended = once(child, 'close');
  await once(child.stdout, 'data');
  setTimeout(() => child.kill('SIGKILL'), afterMs);
  const [status] = (await ended) as [number | null];
  if (status !== null) throw new Error(`the injection ended by itself with ${status}`);
}
