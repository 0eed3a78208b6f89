/** Paths of unix sockets: short enough, and nobody's who still uses them. */
import { lstat, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { errorCode, errorMessage, MirrorgateError } from '../errors/mirrorgate-error.ts';
import { isMissing } from '../files/atomic-file.ts';

/** Longest path that a unix socket can have on Linux (sun_path, with its final NUL). */
const maxSocketPathBytes = 107;

/** @throws MirrorgateError `MIRRORGATE_SOCKET_PATH`; `key` is what an operator can shorten */
export function assertSocketPath(path: string, key: string): void {
  if (Buffer.byteLength(path) <= maxSocketPathBytes) return;
  throw new MirrorgateError(
    'MIRRORGATE_SOCKET_PATH',
    `${path} is longer than a unix socket's path may be (${maxSocketPathBytes} bytes)`,
    { hint: `choose a shorter ${key}` },
  );
}

/**
 * Removes the socket that a crash left at `path`, and nothing else.
 * @throws MirrorgateError `MIRRORGATE_SOCKET_TAKEN` where something else is there
 */
export async function clearSocketPath(path: string, key: string): Promise<void> {
  try {
    const isSocket = (await lstat(path)).isSocket();
    if (isSocket && !(await answersAt(path))) {
      await rm(path, { force: true });
      return;
    }
    const problem = isSocket ? 'is in use by another program' : 'is there and is no socket';
    throw new MirrorgateError('MIRRORGATE_SOCKET_TAKEN', `${path} ${problem}`, {
      hint: `name another path as ${key}`,
    });
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/**
 * Whether a process listens at `path`.
 * @throws MirrorgateError `MIRRORGATE_SOCKET_DENIED` where that cannot be told
 */
export function answersAt(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (cause) => {
      if (['ENOENT', 'ECONNREFUSED'].includes(errorCode(cause) ?? '')) resolve(false);
      else reject(denied(path, cause));
    });
  });
}

function denied(path: string, cause: Error): MirrorgateError {
  return new MirrorgateError(
    'MIRRORGATE_SOCKET_DENIED',
    `cannot tell whether ${path} is in use: ${errorMessage(cause)}`,
    { cause, hint: 'run as the user who owns it' },
  );
}
