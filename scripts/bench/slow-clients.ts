/**
 * A process of clients that take a blob slowly. Arguments: port, path, how many, bytes a second
 * each. Prints `connected` when all are being answered, and ends when its input does.
 */
import { connect as connectTcp } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';

const [port = '', path = '', count = '', rate = ''] = process.argv.slice(2);
/** One address may hold 64 connections. */
const perAddress = 50;
const intervalMs = 1_000;

const sockets: TLSSocket[] = [];
let answered = 0;

for (let index = 0; index < Number(count); index += 1) {
  const socket = connect({
    socket: connectTcp({
      host: '127.0.0.1',
      port: Number(port),
      localAddress: `127.0.1.${1 + Math.floor(index / perAddress)}`,
    }),
    servername: 'localhost',
    rejectUnauthorized: false,
  });
  socket.on('error', (error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
  socket.once('secureConnect', () =>
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`),
  );
  socket.once('readable', () => {
    answered += 1;
    if (answered === Number(count)) process.stdout.write('connected\n');
  });
  sockets.push(socket);
  if (index % perAddress === perAddress - 1) await new Promise((done) => setTimeout(done, 100));
}

const timer = setInterval(() => {
  for (const socket of sockets) {
    let taken = 0;
    while (taken < Number(rate)) {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) break;
      taken += chunk.length;
    }
  }
}, intervalMs);

process.stdin
  .on('end', () => {
    clearInterval(timer);
    for (const socket of sockets) socket.destroy();
  })
  .resume();
