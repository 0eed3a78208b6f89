/**
 * What Node itself costs: files over TLS by `https.createServer`, and nothing of ours. No right is
 * judged, nothing is logged or counted, no limit is kept. Small files are answered from memory,
 * large ones by reads of 1 MiB into two buffers by turns, as an edge does.
 * Arguments: port, folder, chain, key.
 */
import { open, readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:https';
import { join } from 'node:path';

const [, , port, folder, chain, key] = process.argv;
const pieceBytes = 1024 ** 2;
const maxSmallBytes = 64 * 1024;
const small = new Map();

const server = createServer(
  {
    cert: await readFile(chain),
    key: await readFile(key),
    // As in lib/edge/site-contexts.ts.
    ciphers: 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384',
    honorCipherOrder: true,
    minVersion: 'TLSv1.3',
  },
  (request, response) => {
    const body = small.get(request.url);
    if (body === undefined) {
      void send(request, response);
      return;
    }
    const { length } = body;
    response.writeHead(200, ['content-type', contentType(request), 'content-length', `${length}`]);
    response.end(request.method === 'HEAD' ? undefined : body, 'latin1');
  },
);
server.listen(Number(port), '127.0.0.1');

function contentType({ url }) {
  return url.includes('/manifests/')
    ? 'application/vnd.oci.image.manifest.v1+json'
    : 'application/octet-stream';
}

async function send(request, response) {
  const path = join(folder, request.url);
  const { size } = await stat(path);
  if (size <= maxSmallBytes) {
    small.set(request.url, await readFile(path, 'latin1'));
    server.emit('request', request, response);
    return;
  }
  response.writeHead(200, { 'content-type': contentType(request), 'content-length': size });
  const file = await open(path);
  const buffers = [Buffer.allocUnsafeSlow(pieceBytes), Buffer.allocUnsafeSlow(pieceBytes)];
  const read = (index) => file.read(buffers[index % 2], 0, pieceBytes, index * pieceBytes);
  let next = read(0);
  for (let index = 0; index * pieceBytes < size; index += 1) {
    const { bytesRead, buffer } = await next;
    const written = new Promise((resolve) => {
      response.write(buffer.subarray(0, bytesRead), resolve);
    });
    next = read(index + 1);
    await written;
  }
  await next;
  response.end();
  await file.close();
}
