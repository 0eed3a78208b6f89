import { Agent } from 'node:https';
import { expect } from 'chai';
import { clientHello } from '../../support/edge/client-hello.ts';
import { clientAddress, crowd } from '../../support/edge/crowd.ts';
import { EdgeBench } from '../../support/edge/edge-bench.ts';
import { HalvedAnswer } from '../../support/edge/fake-worker.ts';
import { ask, begin } from '../../support/edge/https-client.ts';
import { openFiles, openFilesBackTo } from '../../support/edge/open-files.ts';
import { scaled } from '../../support/scale.ts';
import { universalHost } from '../../support/edge/test-settings.ts';
import { WireClient } from '../../support/edge/wire-client.ts';
import { poll } from '../../support/lab/polling.ts';
import { until } from '../../support/until.ts';

const limits = {
  handshakeTimeoutMs: 600,
  headersTimeoutMs: 600,
  checkIntervalMs: 50,
  slowReaderWindowMs: 400,
};
const blob = `/v2/acme/app/blobs/sha256:${'a'.repeat(64)}`;

describe('slow clients', function () {
  this.timeout(600_000);
  let bench: EdgeBench;
  let files: number;

  beforeEach(async () => {
    files = await openFiles();
    bench = await EdgeBench.start({ limits });
    bench.worker.handler = (_request, response) => {
      response.writeHead(200, { 'content-length': 2 ** 40 });
      const piece = Buffer.alloc(256 * 1024);
      const more = (): void => {
        while (response.write(piece));
      };
      response.on('drain', more);
      more();
    };
  });
  afterEach(async () => {
    await bench.close();
    await openFilesBackTo(files);
  });

  /** Sends one byte of `text` after the other, until the connection ends. */
  function trickle(client: WireClient, text: string | Buffer): void {
    const bytes = Buffer.from(text);
    let sent = 0;
    const timer = setInterval(() => {
      if (client.socket.writable && sent < bytes.length - 1) {
        client.send(bytes.subarray(sent, sent + 1));
        sent += 1;
      } else clearInterval(timer);
    }, 20);
  }

  const tcp = (index: number, port = bench.port): Promise<WireClient> =>
    WireClient.tcp({ port, from: clientAddress(index) });
  const tls = (index: number): Promise<WireClient> =>
    WireClient.tls({ port: bench.port, from: clientAddress(index) });
  const head = `GET ${blob} HTTP/1.1\r\nHost: ${universalHost}\r\nX: ${'x'.repeat(500)}\r\n`;

  const kinds: Readonly<Record<string, (index: number) => Promise<WireClient>>> = {
    'say nothing': (index) => tcp(index),
    'say nothing over http': (index) => tcp(index, bench.httpPort),
    'say nothing after their handshake': (index) => tls(index),
    'never finish their handshake': async (index) => {
      const client = await tcp(index);
      trickle(client, await clientHello(universalHost));
      return client;
    },
    'never finish their headers': async (index) => {
      const client = await tls(index);
      trickle(client, head);
      return client;
    },
    'never finish their headers over http': async (index) => {
      const client = await tcp(index, bench.httpPort);
      trickle(client, head);
      return client;
    },
    'send nothing after an answer but the beginning of a request': async (index) => {
      const client = await tls(index);
      await client.send(`GET /v2/ HTTP/1.1\r\nHost: ${universalHost}\r\n\r\n`).until(/\{\}/);
      trickle(client, head);
      return client;
    },
  };
  for (const [what, connect] of Object.entries(kinds)) {
    it(`that ${what} are gone within the limits`, async () => {
      const clients: WireClient[] = [];
      await crowd(scaled(30), 30, async (index) => {
        clients.push(await connect(index));
      });
      const begunAt = Date.now();
      await Promise.all(clients.map((client) => client.closed(5_000)));
      expect(Date.now() - begunAt).to.be.below(4_000);
    });
  }

  it('that read nothing of an answer are let go, and the work for them ends', async () => {
    const clients: WireClient[] = [];
    await crowd(scaled(20), 20, async (index) => {
      const client = await tls(index);
      client.send(`GET ${blob} HTTP/1.1\r\nHost: ${universalHost}\r\n\r\n`);
      await client.until(/ 200 OK/);
      client.socket.pause();
      clients.push(client);
    });
    await poll(
      () => bench.worker.requests.every(({ complete }) => complete === false) || undefined,
      { deadlineMs: 6_000, what: 'end of the work for slow readers' },
    );
    for (const client of clients) client.close();
  });

  it('that read a byte now and then are let go as well', async () => {
    const client = await tls(0);
    client.send(`GET ${blob} HTTP/1.1\r\nHost: ${universalHost}\r\n\r\n`);
    await client.until(/ 200 OK/);
    client.socket.removeAllListeners('data').pause();
    const timer = setInterval(() => void client.socket.read(1), 20);
    await poll(() => bench.worker.requests[0]?.complete === false || undefined, {
      deadlineMs: 6_000,
      what: 'end of the work for the slow reader',
    });
    clearInterval(timer);
    client.close();
  });

  it('that read steadily are served to the end, however long it takes', async () => {
    const piece = Buffer.alloc(64 * 1024);
    bench.worker.handler = (_request, response) => {
      response.writeHead(200, { 'content-length': 160 * piece.length });
      response.end(Buffer.concat(Array.from({ length: 160 }, () => piece)));
    };
    const body = await begin({ port: bench.port, path: blob });
    let received = 0;
    for await (const chunk of body) {
      received += (chunk as Buffer).length;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(received).to.equal(160 * piece.length);
  });

  it('are not blamed for a worker that is slow', async () => {
    const halved = new HalvedAnswer();
    bench.worker.handler = halved.handler;
    const answer = ask({ port: bench.port, path: blob });
    const begunAt = Date.now();
    await until('more than the window', () => Date.now() - begunAt > 2 * limits.slowReaderWindowMs);
    halved.finish();
    expect(await answer).to.include({ complete: true });
  });

  it('do not keep a good one waiting', async () => {
    const clients: WireClient[] = [];
    const names = Object.keys(kinds);
    await crowd(scaled(200), 32, async (index) => {
      const connect = kinds[names[index % names.length] ?? ''];
      if (connect !== undefined) clients.push(await connect(index));
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const tookMs: number[] = [];
    for (let n = 0; n < 50; n += 1) {
      const begunAt = performance.now();
      expect((await ask({ port: bench.port, path: '/v2/', agent })).status).to.equal(200);
      tookMs.push(performance.now() - begunAt);
    }
    agent.destroy();
    const median = tookMs.sort((a, b) => a - b)[25] ?? Infinity;
    expect(median).to.be.below(100);
    await Promise.all(clients.map((client) => client.closed(5_000)));
  });
});
