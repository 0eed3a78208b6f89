/** Slow clients of every kind at once, how long a server bears them, and a good client among them. */
import { Agent, request } from 'node:https';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { crowd } from '../../test/support/edge/crowd.ts';
import { percentile } from '../../test/support/figures.ts';
import { blobPath, manifestPath, manifestType, type Content } from './content.ts';
import { heldByGroup, openTcp, openTls, strangerAddress } from './hostile-sockets.ts';

export interface SlowFigures {
  /** Seconds by kind; a kind that stays is left out. */
  readonly goneAfter: ReadonlyMap<string, number>;
  /** A good client's p99 in milliseconds. */
  readonly before: number;
  readonly among: number;
}

export interface SlowRun {
  readonly port: number;
  readonly count: number;
  readonly patienceSeconds: number;
  readonly content: Content;
}

interface SlowKind {
  readonly name: string;
  open(run: SlowRun, from: string): Promise<Socket | undefined>;
}

/** Each opens one client. */
export const slowKinds: readonly SlowKind[] = [
  { name: 'say nothing', open: ({ port }, from) => openTcp(port, from) },
  { name: 'say nothing after the handshake', open: ({ port }, from) => openTls(port, from) },
  {
    name: 'send a byte of their headers a second',
    async open({ port }, from) {
      const socket = await openTls(port, from);
      if (socket === undefined) return undefined;
      socket.write(`GET ${manifestPath} HTTP/1.1\r\nHost: localhost\r\nX-Slow: `);
      const timer = setInterval(() => socket.write('x'), 1_000);
      socket.once('close', () => clearInterval(timer));
      return socket;
    },
  },
  {
    name: 'read nothing of 64 MiB',
    async open({ port, content }, from) {
      const socket = await openTls(port, from);
      socket?.pause().write(`GET ${blobPath(content.big)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      return socket;
    },
  },
];

const asked = 600;

export async function holdSlowClients(run: SlowRun): Promise<SlowFigures> {
  const { port, count, patienceSeconds } = run;
  const good = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  const timings = async (times: number): Promise<number[]> => {
    const tookMs: number[] = [];
    for (let n = 0; n < times; n += 1) tookMs.push(await askOnce(port, good));
    return tookMs;
  };
  await timings(100);
  const before = await timings(asked);
  const sockets: (Socket | undefined)[] = [];
  const openedAt = slowKinds.map(() => performance.now());
  await crowd(count, 32, async (index) => {
    const group = index % slowKinds.length;
    const from = strangerAddress(group, Math.floor(index / slowKinds.length));
    sockets.push(await slowKinds[group]?.open(run, from));
    openedAt[group] = performance.now();
  });
  const goneAfter = new Map<string, number>();
  const among: number[] = [];
  const deadline = performance.now() + patienceSeconds * 1_000;
  while (goneAfter.size < slowKinds.length && performance.now() < deadline) {
    if (among.length < asked) among.push(...(await timings(20)));
    else await sleep(250);
    const held = await heldByGroup(port);
    for (const [group, { name }] of slowKinds.entries()) {
      if (goneAfter.has(name) || (held.get(group) ?? 0) > 0) continue;
      goneAfter.set(name, (performance.now() - (openedAt[group] ?? 0)) / 1_000);
    }
  }
  for (const socket of sockets) socket?.destroy();
  good.destroy();
  return { goneAfter, before: percentile(before, 0.99), among: percentile(among, 0.99) };
}

async function askOnce(port: number, agent: Agent): Promise<number> {
  const begunAt = performance.now();
  const question = request({
    ...{ host: '127.0.0.1', port, path: manifestPath, servername: 'localhost', agent },
    headers: { host: 'localhost', accept: manifestType },
  });
  question.end();
  const [answer] = (await once(question, 'response')) as [IncomingMessage];
  await once(answer.resume(), 'end');
  if (answer.statusCode !== 200) throw new TypeError(`answered ${answer.statusCode ?? 0}`);
  return performance.now() - begunAt;
}
