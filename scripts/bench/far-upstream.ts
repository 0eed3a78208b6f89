/** An upstream that takes its time before it answers, as public registries do, and counts. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';

export interface FarUpstream {
  readonly url: string;
  /** Counts since it was last asked. */
  takeCounts(): { readonly gets: number; readonly heads: number };
  close(): Promise<void>;
}

export async function startFarUpstream(tree: string, delayMs: number): Promise<FarUpstream> {
  let counts = { gets: 0, heads: 0 };
  const server = createServer((request, response) => {
    if (request.method === 'HEAD') counts.heads += 1;
    else counts.gets += 1;
    const path = join(tree, request.url ?? '');
    const answer = async (): Promise<void> => {
      const { size } = await stat(path);
      response.writeHead(200, {
        'content-type': 'application/octet-stream',
        'content-length': size,
      });
      await pipeline(createReadStream(path), response);
    };
    setTimeout(() => void answer().catch(() => response.destroy()), delayMs);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('not a TCP address');
  return {
    url: `http://127.0.0.1:${address.port}`,
    takeCounts() {
      const taken = counts;
      counts = { gets: 0, heads: 0 };
      return taken;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
