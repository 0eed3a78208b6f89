import { expect } from 'chai';
import { clientHello } from '../../support/edge/client-hello.ts';
import { clientAddress, crowd } from '../../support/edge/crowd.ts';
import { EdgeBench } from '../../support/edge/edge-bench.ts';
import { FakeBackend, serviceHost } from '../../support/edge/fake-backend.ts';
import { ask } from '../../support/edge/https-client.ts';
import { openFiles, openFilesBackTo } from '../../support/edge/open-files.ts';
import { scaled } from '../../support/scale.ts';
import { SeededRandom } from '../../support/edge/seeded-random.ts';
import { universalHost } from '../../support/edge/test-settings.ts';
import { WireClient } from '../../support/edge/wire-client.ts';
import { poll } from '../../support/lab/polling.ts';

const get = `GET /v2/acme/app/manifests/1 HTTP/1.1\r\nHost: ${universalHost}\r\n\r\n`;
const upgrade = `GET / HTTP/1.1\r\nHost: ${serviceHost}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
const upload = `PUT / HTTP/1.1\r\nHost: ${serviceHost}\r\nContent-Length: 100000\r\n\r\n`;

describe('clients that reset their connection', function () {
  this.timeout(600_000);
  let bench: EdgeBench;
  let backend: FakeBackend;
  let hello: Buffer;
  let files: number;

  beforeEach(async () => {
    hello = await clientHello(universalHost);
    files = await openFiles();
    backend = await FakeBackend.start();
    bench = await EdgeBench.start({
      settings: { services: [backend.service] },
    });
    bench.worker.handler = (_request, response) => {
      response.writeHead(200, { 'content-length': 10_000_000 });
      response.write(Buffer.alloc(1_000_000));
    };
    backend.handler = bench.worker.handler;
  });
  afterEach(async () => {
    await bench.close();
    await backend.kill();
    await openFilesBackTo(files);
  });

  const secure = (from: string, serverName = universalHost): Promise<WireClient> =>
    WireClient.tls({ port: bench.port, from, serverName });

  /** Where a client may be when it is gone. */
  const places: readonly ((from: string, random: SeededRandom) => Promise<WireClient>)[] = [
    (from) => WireClient.tcp({ port: bench.port, from }),
    (from) => WireClient.tcp({ port: bench.httpPort, from }),
    async (from, random) => {
      const client = await WireClient.tcp({ port: bench.port, from });
      return client.send(hello.subarray(0, random.below(hello.length + 1)));
    },
    async (from, random) => {
      const client = await WireClient.tcp({ port: bench.httpPort, from });
      return client.send(get.slice(0, random.below(get.length + 1)));
    },
    (from) => secure(from),
    async (from, random) => (await secure(from)).send(get.slice(0, random.below(get.length))),
    async (from) => (await secure(from)).send(get),
    async (from) => (await secure(from)).send(get.repeat(20)),
    async (from) => {
      const client = await secure(from);
      await client.send(get).until(/ 200 OK/);
      return client;
    },
    async (from) => (await secure(from)).send('garbage\r\n\r\n'),
    async (from) => (await secure(from, serviceHost)).send(`${upload}begun`),
    async (from) => (await secure(from, serviceHost)).send(upgrade),
    async (from) => {
      const client = await secure(from, serviceHost);
      await client.send(upgrade).until(/hello/);
      return client.send('x'.repeat(1_000));
    },
  ];

  it('at any point leave nothing behind', async () => {
    const random = SeededRandom.announced('resets');
    await crowd(scaled(1_000), 32, async (index) => {
      const client = await random.pick(places)(clientAddress(index), random);
      for (let turns = random.below(4); turns > 0; turns -= 1) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (random.below(4) === 0) client.close();
      else client.reset();
    });
    const left = (): number =>
      [...bench.worker.requests, ...backend.requests].filter(
        ({ complete, method, headers }) =>
          complete === undefined && method === 'GET' && headers.upgrade === undefined,
      ).length + backend.upgraded.size;
    await poll(() => left() === 0 || undefined, { deadlineMs: 5_000, what: 'end of all work' });
    expect((await ask({ port: bench.port, path: '/v2/' })).status).to.equal(200);
    expect(bench.log.entries.filter(({ level }) => level === 'error')).to.deep.equal([]);
  });
});
