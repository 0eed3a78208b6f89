/** TCP ports that nothing listens on. */
import { once } from 'node:events';
import { createServer } from 'node:net';

/** The system hands a port out again as soon as it is free; of these no two may be the same. */
const handedOut = new Set<number>();

/**
 * A port of `address` that was free a moment ago, and is given to nobody else in this process.
 * Another process may take it before it is used: whoever starts a server on it tries again with
 * another.
 */
export async function freePort(address = '127.0.0.1'): Promise<number> {
  const port = await unusedPort(address);
  if (handedOut.has(port)) return await freePort(address);
  handedOut.add(port);
  return port;
}

async function unusedPort(address: string): Promise<number> {
  const server = createServer();
  server.listen(0, address);
  await once(server, 'listening');
  const bound = server.address();
  server.close();
  await once(server, 'close');
  if (bound === null || typeof bound === 'string') throw new TypeError('not a TCP address');
  return bound.port;
}
