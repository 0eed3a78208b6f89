/**
 * One gate per state directory: two would tear each other's sockets down. The lock is the control
 * socket: what answers there holds it, so a crash leaves nothing that has to be removed by hand.
 */
import { randomBytes } from 'node:crypto';
import { chmod, link, lstat, open } from 'node:fs/promises';
import type { Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { errorCode, MirrorgateError } from '../errors/mirrorgate-error.ts';
import { isMissing, removeFile } from '../files/atomic-file.ts';
import { controlSocketPath } from './control-client.ts';
import { answersAt, assertSocketPath } from './unix-socket.ts';

/** In every round another process has come or gone. */
const maxRounds = 50;
const roundMs = 10;
/** Whoever began to remove a dead socket this long ago has died of it. */
const abandonedAfterMs = 5_000;

export class InstanceLock {
  readonly #path: string;
  readonly #server: Server;

  private constructor(path: string, server: Server) {
    this.#path = path;
    this.#server = server;
  }

  /**
   * Of several processes that try at once, one gets it, and its `server` answers at the socket.
   * @throws MirrorgateError `MIRRORGATE_STATE_IN_USE`, `MIRRORGATE_STATE_LOCK`,
   *   `MIRRORGATE_SOCKET_PATH`
   */
  static async take(directory: string, server: Server): Promise<InstanceLock> {
    const path = controlSocketPath(directory);
    const own = `${path}.${randomBytes(2).toString('hex')}`;
    assertSocketPath(own, 'state.directory');
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
      await removeFile(own);
    }
  }

  async release(): Promise<void> {
    await removeFile(this.#path);
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
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
    const before = await tryIdentity(path);
    if (before === undefined) continue;
    if (await answersAt(path)) throw inUse(directory);
    await removeDead(path, before);
  }
  throw inUse(directory);
}

/**
 * Removes the socket at `path` if it is still the one that was found dead. The right to do so is a
 * file named after it that only one process can make: late ones would remove its successor.
 */
async function removeDead(path: string, identity: string): Promise<void> {
  const right = `${path}.${identity}`;
  try {
    await (await open(right, 'wx', 0o600)).close();
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    await delay(roundMs);
    if (await isAbandoned(right)) await removeFile(right);
    return;
  }
  try {
    if ((await tryIdentity(path)) === identity) await removeFile(path);
  } finally {
    await removeFile(right);
  }
}

/** No two sockets that ever stood there have the same. */
async function tryIdentity(path: string): Promise<string | undefined> {
  try {
    const { ino, ctimeNs } = await lstat(path, { bigint: true });
    return `${ino}-${ctimeNs}`;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  try {
    return Date.now() - (await lstat(path)).mtimeMs > abandonedAfterMs;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

function inUse(directory: string): MirrorgateError {
  return new MirrorgateError(
    'MIRRORGATE_STATE_IN_USE',
    `another mirrorgate is running on the state directory ${directory}`,
    { hint: 'stop it, or give this one another state.directory' },
  );
}
