import { Agent } from 'node:https';
import { expect } from 'chai';
import { EdgeBench } from '../../support/edge/edge-bench.ts';
import { FakeBackend, serviceHost } from '../../support/edge/fake-backend.ts';
import { answerWith, HalvedAnswer } from '../../support/edge/fake-worker.ts';
import { ask, begin } from '../../support/edge/https-client.ts';
import { universalHost } from '../../support/edge/test-settings.ts';
import { WireClient } from '../../support/edge/wire-client.ts';

const path = '/v2/a/b/manifests/1';
const get = (target: string, host = universalHost): string =>
  `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;

describe('an edge that closes', () => {
  let bench: EdgeBench;
  let backend: FakeBackend;
  let answer: HalvedAnswer;

  beforeEach(async () => {
    backend = await FakeBackend.start();
    bench = await EdgeBench.start({
      settings: { services: [backend.service] },
      limits: { headersTimeoutMs: 600, handshakeTimeoutMs: 600, checkIntervalMs: 20 },
    });
    answer = new HalvedAnswer();
    bench.worker.handler = answer.handler;
  });
  afterEach(async () => {
    await bench.close();
    await backend.kill();
  });

  it('accepts nothing new', async () => {
    const { port, httpPort } = bench;
    await bench.edge.close(1_000);
    for (const closed of [port, httpPort]) {
      const error = await WireClient.tcp({ port: closed }).catch((failure: unknown) => failure);
      expect(error).to.include({ code: 'ECONNREFUSED' });
    }
  });

  it('closes idle connections at once', async () => {
    const agent = new Agent({ keepAlive: true });
    await ask({ port: bench.port, path: '/v2/', agent });
    const begunAt = Date.now();
    await bench.edge.close(10_000);
    expect(Date.now() - begunAt).to.be.below(1_000);
    agent.destroy();
  });

  it('waits for answers in flight', async () => {
    const body = await begin({ port: bench.port, path });
    const closed = bench.edge.close(10_000);
    answer.finish();
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).to.equal('halfhalf');
    expect(body.complete).to.equal(true);
    await closed;
  });

  it('cuts what is left at its deadline', async () => {
    const client = await WireClient.tls({ port: bench.port });
    await client.send(get(path)).until(/half$/);
    const begunAt = Date.now();
    await bench.edge.close(200);
    expect(Date.now() - begunAt).to.be.within(190, 2_000);
    expect(await client.closed(1_000)).to.match(/half$/);
  });

  for (const [what, host] of [
    ['a mirror', universalHost],
    ['a service', serviceHost],
  ] as const) {
    it(`tells clients of ${what} that their connection ends`, async () => {
      backend.handler = answer.handler;
      const client = await WireClient.tls({ port: bench.port, serverName: host });
      await client.send(get(path, host).repeat(2)).until(/half$/);
      const closed = bench.edge.close(10_000);
      bench.worker.handler = answerWith('second');
      backend.handler = answerWith('second');
      answer.finish();
      const received = await client.closed(2_000);
      expect(received).to.match(/halfhalfHTTP[^]*\r\nconnection: close\r\n[^]*second$/i);
      await closed;
    });
  }

  it('waits for no client that never finishes its request', async () => {
    const [silent, slow] = [
      await WireClient.tcp({ port: bench.port }),
      await WireClient.tls({ port: bench.port }),
    ];
    slow.send('GET / HTTP/1.1\r\n');
    const begunAt = Date.now();
    await bench.edge.close(10_000);
    expect(Date.now() - begunAt).to.be.below(2_000);
    await Promise.all([silent.closed(1_000), slow.closed(1_000)]);
  });

  it('cuts upgraded connections at its deadline', async () => {
    const client = await WireClient.tls({ port: bench.port, serverName: serviceHost });
    client.send(
      `GET / HTTP/1.1\r\nHost: ${serviceHost}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    );
    await client.until(/hello/);
    await bench.edge.close(100);
    await client.closed(1_000);
  });

  it('waits for answers of addresses that were closed before', async () => {
    const body = await begin({ port: bench.port, path });
    await bench.configure({ https: [] });
    const closed = bench.edge.close(10_000);
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    answer.finish();
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).to.equal('halfhalf');
    await closed;
  });
});
