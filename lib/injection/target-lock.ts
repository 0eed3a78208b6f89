/**
 * One injection into a target at a time. The lock is an address in the kernel's abstract name space
 * of unix sockets (unix(7)): it is gone with the process that holds it, however that ends, and
 * leaves no file. Whoever works in another network namespace is not seen.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { realpath } from 'node:fs/promises';
import { createServer } from 'node:net';
import { errorCode } from '../errors/mirrorgate-error.ts';
import { injectError } from './inject-error.ts';
import type { InjectionTarget } from './target.ts';

/**
 * Calls `work` while nobody else works on `target`.
 * @throws MirrorgateError `MIRRORGATE_INJECT_IN_USE`, and what `work` throws
 */
export async function withTargetLock<T>(
  target: InjectionTarget,
  work: () => Promise<T>,
): Promise<T> {
  const name = await lockName(target);
  // Who connects by mistake is sent away.
  const holder = createServer((socket) => socket.destroy());
  const address = createHash('sha256').update(name).digest('hex').slice(0, 32);
  try {
    holder.listen(`\0mirrorgate-inject-${address}`);
    await once(holder, 'listening');
  } catch (cause) {
    if (errorCode(cause) !== 'EADDRINUSE') throw cause;
    throw injectError('IN_USE', `another injection works on ${name}`, {
      cause,
      hint: 'try again when it has ended',
    });
  }
  try {
    return await work();
  } finally {
    holder.close();
  }
}

/** The same for each way to write the path. */
async function lockName(target: InjectionTarget): Promise<string> {
  if (target.kind === 'ssh') return `ssh:${target.host}:${target.port ?? 22}`;
  const path = await realpath(target.path).catch(() => target.path);
  return `${target.kind}:${path}`;
}
