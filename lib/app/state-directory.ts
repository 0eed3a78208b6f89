/** The state directory of a gate: its folders, and room for the sockets in them. */
import type { Configuration } from '../config/configuration.ts';
import { claimPrivateDirectory, ensurePrivateDirectory } from '../files/private-tree.ts';
import { runDirectory, workerSockets } from './settings.ts';
import { assertSocketPath, clearSocketPath } from './unix-socket.ts';

/**
 * Makes what is absent, checks what is there.
 * @throws MirrorgateError `MIRRORGATE_FILES_DIRECTORY`, `MIRRORGATE_FILES_PERMISSIONS`,
 *   `MIRRORGATE_SOCKET_PATH`
 */
export async function prepareStateDirectory(configuration: Configuration): Promise<void> {
  for (const path of workerSockets(configuration)) assertSocketPath(path, 'state.directory');
  await claimPrivateDirectory(configuration.stateDirectory, holdsOnlyState);
  await ensurePrivateDirectory(runDirectory(configuration));
}

/**
 * Makes room for the admin listener where it is a unix socket.
 * @throws MirrorgateError `MIRRORGATE_SOCKET_PATH`, `MIRRORGATE_SOCKET_TAKEN`
 */
export async function prepareAdminSocket({ listen: { admin } }: Configuration): Promise<void> {
  if (admin.kind !== 'unix') return;
  assertSocketPath(admin.path, 'listen.admin');
  await clearSocketPath(admin.path, 'listen.admin');
}

/** Private folders of their own among them; anything else makes it somebody else's directory. */
const ours = new Set([
  'run',
  'certs',
  'cache',
  'control.sock',
  'bandwidth.json',
  'ca-clients.json',
  'history.jsonl',
  'notices.json',
  'lost+found',
]);

function holdsOnlyState(names: readonly string[]): boolean {
  return names.every((name) => ours.has(name) || name.startsWith('control.sock.'));
}
