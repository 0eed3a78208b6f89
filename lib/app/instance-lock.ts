/**
 * One gate per state directory: two would tear each other's sockets down. The lock is a unix
 * socket that answers, so a crash leaves nothing that has to be removed by hand.
 */
import { chmod, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { errorCode, MirrorgateError } from '../errors/mirrorgate-error.ts';

/** Longest path that a unix socket can have on Linux (sun_path, with its final NUL). */
const maxSocketPathBytes = 107;

export class InstanceLock {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @throws MirrorgateError `MIRRORGATE_STATE_IN_USE`, `MIRRORGATE_STATE_PATH` */
  static async take(directory: string): Promise<InstanceLock> {
    const path = join(directory, 'control.sock');
    assertSocketPath(path);
    if (await answers(path)) {
      throw new MirrorgateError(
        'MIRRORGATE_STATE_IN_USE',
        `another mirrorgate is running on the state directory ${directory}`,
        { hint: 'stop it, or give this one another state.directory' },
      );
    }
    await rm(path, { force: true });
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    await chmod(path, 0o600);
    return new InstanceLock(server);
  }

  release(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

/** @throws MirrorgateError `MIRRORGATE_STATE_PATH` */
export function assertSocketPath(path: string): void {
  if (Buffer.byteLength(path) <= maxSocketPathBytes) return;
  throw new MirrorgateError(
    'MIRRORGATE_STATE_PATH',
    `${path} is longer than a unix socket's path may be (${maxSocketPathBytes} bytes)`,
    { hint: 'choose a shorter state.directory' },
  );
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => {
      const dead = ['ENOENT', 'ECONNREFUSED'].includes(errorCode(error) ?? '');
      if (dead) resolve(false);
      else reject(error);
    });
  });
}
