/** Connections of strangers, each from an address by which they are told apart. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';

/** One of 100 addresses of a group; none is 127.0.0.1, which good clients have. */
export function strangerAddress(group: number, index: number): string {
  return `127.0.${10 + group}.${1 + (index % 100)}`;
}

/** Undefined where it is refused. */
export async function openTcp(port: number, from: string): Promise<Socket | undefined> {
  const socket = connectTcp({ host: '127.0.0.1', port, localAddress: from });
  return await opened(socket, 'connect');
}

/** Undefined where there is no handshake. */
export async function openTls(port: number, from: string): Promise<TLSSocket | undefined> {
  const tcp = connectTcp({ host: '127.0.0.1', port, localAddress: from });
  tcp.on('error', () => undefined);
  const socket = connect({ socket: tcp, servername: 'localhost', rejectUnauthorized: false });
  return await opened(socket, 'secureConnect');
}

async function opened<T extends Socket>(socket: T, event: string): Promise<T | undefined> {
  socket.on('error', () => undefined);
  await Promise.race([once(socket, event), once(socket, 'close')]).catch(() => undefined);
  return socket.destroyed ? undefined : socket;
}

/** By group, how many connections the server at `port` still holds. */
export async function heldByGroup(port: number): Promise<ReadonlyMap<number, number>> {
  const held = new Map<number, number>();
  const text = await readFile('/proc/net/tcp', 'utf8');
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const line of text.split('\n').slice(1)) {
    const [, local = '', remote = '', state = ''] = line.trim().split(/\s+/);
    // ESTABLISHED and CLOSE_WAIT: in every other state the server is done with it.
    if (!local.endsWith(wanted) || !['01', '08'].includes(state)) continue;
    // The third byte of the address, which is written back to front.
    const group = parseInt(remote.slice(2, 4), 16) - 10;
    if (group >= 0) held.set(group, (held.get(group) ?? 0) + 1);
  }
  return held;
}
