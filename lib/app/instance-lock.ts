/**
 * One gate per state directory: two would tear each other's sockets down. The lock is a unix
 * socket that answers, so a crash leaves nothing that has to be removed by hand.
 */
import { randomBytes } from 'node:crypto';
import { chmod, link, rename, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { errorCode, MirrorgateError } from '../errors/mirrorgate-error.ts';
import { answersAt, assertSocketPath } from './unix-socket.ts';

/** Every round, another process has come or gone in between. */
const maxRounds = 10;

export class InstanceLock {
  readonly #path: string;
  readonly #server: Server;

  private constructor(path: string, server: Server) {
    this.#path = path;
    this.#server = server;
  }

  /**
   * Of several processes that try at once, one gets it.
   * @throws MirrorgateError `MIRRORGATE_STATE_IN_USE`, `MIRRORGATE_STATE_LOCK`,
   *   `MIRRORGATE_SOCKET_PATH`
   */
  static async take(directory: string): Promise<InstanceLock> {
    const path = join(directory, 'control.sock');
    const own = besides(path);
    assertSocketPath(own, 'state.directory');
    const server = createServer((socket) => socket.destroy());
    try {
      await listen(server, own);
      await chmod(own, 0o600);
      await publish(own, path, directory);
      return new InstanceLock(path, server);
    } catch (cause) {
      server.close();
      if (cause instanceof MirrorgateError) throw cause;
      throw new MirrorgateError('MIRRORGATE_STATE_LOCK', `cannot make the socket ${path}`, {
        cause,
        hint: 'check that the disk is not full and that the folder is writable',
      });
    } finally {
      await rm(own, { force: true });
    }
  }

  async release(): Promise<void> {
    await rm(this.#path, { force: true });
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      // Failing to accept (EMFILE) takes nothing from the lock: it is the listening that counts.
      server.on('error', () => undefined);
      resolve();
    });
  });
}

/** Gives the listening socket `own` its public name: a hard link, which never replaces another. */
async function publish(own: string, path: string, directory: string): Promise<void> {
  for (let round = 0; round < maxRounds; round += 1) {
    try {
      await link(own, path);
      return;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
    if (await answersAt(path)) throw inUse(directory);
    await removeDead(path, directory);
  }
  throw inUse(directory);
}

/** Takes it away first, then looks again: a living one may have come in its place. */
async function removeDead(path: string, directory: string): Promise<void> {
  const aside = besides(path);
  try {
    await rename(path, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  const isAlive = await answersAt(aside);
  if (isAlive) await link(aside, path);
  await rm(aside, { force: true });
  if (isAlive) throw inUse(directory);
}

/** A name that nobody else uses. */
function besides(path: string): string {
  return `${path}.${randomBytes(2).toString('hex')}`;
}

function inUse(directory: string): MirrorgateError {
  return new MirrorgateError(
    'MIRRORGATE_STATE_IN_USE',
    `another mirrorgate is running on the state directory ${directory}`,
    { hint: 'stop it, or give this one another state.directory' },
  );
}
