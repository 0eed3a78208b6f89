/** An injection that is cut off by SIGKILL at a moment of its own choosing. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ImageAccess } from '../../../lib/injection/image-tree.ts';

export const injectingProcess = fileURLToPath(new URL('injecting-process.ts', import.meta.url));

/** Lets a process inject the bundles in turn, and kills it `afterMs` after it began. */
export async function killedInjection(
  target: string,
  pemFiles: readonly string[],
  {
    afterMs,
    imageAccess = 'auto',
  }: { readonly afterMs: number; readonly imageAccess?: ImageAccess },
): Promise<void> {
  const command = ['--import', 'tsx', injectingProcess, target, imageAccess, ...pemFiles];
  const child = spawn(process.execPath, command, {
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
