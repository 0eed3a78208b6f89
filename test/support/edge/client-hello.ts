/** The first bytes of a TLS client, to be broken, cut, or given a server name that no client sends. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { connect } from 'node:tls';

/** The ClientHello record of this Node for `serverName`. */
export async function clientHello(serverName: string): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect({ port, host: '127.0.0.1', servername: serverName });
  client.on('error', () => undefined);
  const [socket] = (await once(server, 'connection')) as [Socket];
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  client.destroy();
  server.close();
  return bytes;
}

/** The same ClientHello with `names` as its list of server names, its lengths put right. */
export function withServerNames(hello: Buffer, ...names: readonly Buffer[]): Buffer {
  const list = Buffer.concat(names.flatMap((name) => [Buffer.from([0]), sized(name)]));
  return withServerNameExtension(hello, sized(list));
}

/** The same ClientHello with `body` as its server_name extension (RFC 6066 §3), whatever it holds. */
export function withServerNameExtension(hello: Buffer, body: Buffer): Buffer {
  // Record header 5, handshake header 4, version 2, random 32.
  const sessionAt = 43;
  const suitesAt = sessionAt + 1 + hello.readUInt8(sessionAt);
  const compressionAt = suitesAt + 2 + hello.readUInt16BE(suitesAt);
  const extensionsAt = compressionAt + 1 + hello.readUInt8(compressionAt);
  const kept: Buffer[] = [];
  for (let at = extensionsAt + 2; at < hello.length;) {
    const end = at + 4 + hello.readUInt16BE(at + 2);
    if (hello.readUInt16BE(at) !== 0) kept.push(hello.subarray(at, end));
    at = end;
  }
  const extensions = Buffer.concat([Buffer.from([0, 0]), sized(body), ...kept]);
  const message = Buffer.concat([hello.subarray(9, extensionsAt), sized(extensions)]);
  const handshake = Buffer.concat([Buffer.from([1, 0]), sized(message)]);
  return Buffer.concat([hello.subarray(0, 3), sized(handshake)]);
}

/** `bytes` behind their length in two bytes. */
function sized(bytes: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
