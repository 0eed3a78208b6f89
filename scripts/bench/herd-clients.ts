/**
 * A process of clients that ask for the same thing in the same moment. Arguments: port, path, how
 * many, host, how many milliseconds to wait once all are connected. Prints a JSON array of
 * milliseconds from the request to the first byte of the answer.
 */
import { connect as connectTcp } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';

const [port = '', path = '', count = '', host = 'localhost', pauseMs = '0'] = process.argv.slice(2);
const perAddress = 50;

function open(index: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      socket: connectTcp({
        host: '127.0.0.1',
        port: Number(port),
        localAddress: `127.0.2.${1 + Math.floor(index / perAddress)}`,
      }),
      servername: host,
      rejectUnauthorized: false,
    });
    socket.once('secureConnect', () => resolve(socket)).once('error', reject);
  });
}

function firstByte(socket: TLSSocket): Promise<number> {
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    socket.once('data', (chunk: Buffer) => {
      if (!chunk.subarray(0, 12).toString().endsWith(' 200')) reject(new Error(chunk.toString()));
      resolve(performance.now() - begun);
    });
    socket.once('error', reject);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  });
}

const sockets: TLSSocket[] = [];
while (sockets.length < Number(count)) {
  const batch = Math.min(perAddress, Number(count) - sockets.length);
  const from = sockets.length;
  sockets.push(
    ...(await Promise.all(Array.from({ length: batch }, (_, index) => open(from + index)))),
  );
}
await new Promise((resolve) => setTimeout(resolve, Number(pauseMs)));
const ended = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
const times = await Promise.all(sockets.map(firstByte));
await Promise.all(ended);
process.stdout.write(JSON.stringify(times));
