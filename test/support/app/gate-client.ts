/** A client of a running gate, over TLS that trusts the gate's own roots and no others. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest, type Agent } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { readToEnd, type Answer } from '../edge/https-client.ts';

export interface Target {
  readonly port: number;
  /** In the Host header and as server name. */
  readonly host: string;
  /** PEM. */
  readonly ca: string;
  /** The client's own address. */
  readonly from?: string;
  /** One connection for each request unless told. */
  readonly agent?: Agent;
  /** Besides Host. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Resolves with the head of the answer; the body is the caller's to read. */
export async function begin(target: Target, path: string): Promise<IncomingMessage> {
  const { port, host, ca, from, agent = false as const, headers } = target;
  const request = httpsRequest({
    ...{ host: '127.0.0.1', port, path, agent, ca, servername: host },
    headers: { ...headers, host: `${host}:${port}` },
    ...(from === undefined ? {} : { localAddress: from }),
  });
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  request.on('error', () => undefined);
  return response;
}

/** Rejects where there is no answer at all. */
export async function ask(target: Target, path: string): Promise<Answer> {
  return await readToEnd(await begin(target, path));
}

/** A connection that stays; rejects where the handshake fails. */
export async function handshake({ port, host, ca, from }: Target): Promise<TLSSocket> {
  const options: ConnectionOptions = { host: '127.0.0.1', port, servername: host, ca };
  const local = from === undefined ? {} : { localAddress: from };
  const socket = connect({ ...options, ...local });
  socket.on('error', () => undefined);
  await Promise.race([
    once(socket, 'secureConnect'),
    once(socket, 'close').then(() => {
      throw new TypeError('closed before the handshake was done');
    }),
  ]);
  return socket;
}

/** Serial number of the certificate that a new connection gets. */
export async function servedSerial(target: Target): Promise<string> {
  const socket = await handshake(target);
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

/** Whether a port of 127.0.0.1 takes connections. */
export function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTcp(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
