import { expect } from 'chai';
import { noOrders, type BudgetOrders, type UsageDelta } from '../../../lib/budget/usage.ts';
import { crowd } from '../../support/edge/crowd.ts';
import { EdgeBench } from '../../support/edge/edge-bench.ts';
import { FakeBackend, serviceHost } from '../../support/edge/fake-backend.ts';
import { answerWith } from '../../support/edge/fake-worker.ts';
import { ask, begin, ociCode, type Answer } from '../../support/edge/https-client.ts';

const blob = `/v2/acme/app/blobs/sha256:${'a'.repeat(64)}`;
const manifest = '/v2/acme/app/manifests/1';
const hourMs = 3_600_000;

describe('a budget, at the edge', () => {
  let bench: EdgeBench;
  let backend: FakeBackend;

  beforeEach(async () => {
    backend = await FakeBackend.start();
    bench = await EdgeBench.start({ settings: { services: [backend.service] } });
  });
  afterEach(async () => {
    await bench.close();
    await backend.kill();
  });

  const order = (orders: Partial<BudgetOrders>): void =>
    bench.edge.setOrders({ ...noOrders, graceMs: hourMs, ...orders });
  const pull = (path: string, from = '127.0.0.1'): Promise<Answer> =>
    ask({ port: bench.port, path, from });

  /** All that was counted so far, by client and purpose. */
  async function counted(): Promise<UsageDelta[]> {
    await bench.clock.advance(1_000);
    return bench.usage.splice(0).flatMap(({ deltas }) => deltas);
  }

  /** Beyond the time in which manifests of other edges may be on their way. */
  const settle = (): Promise<void> => bench.clock.advance(10_000);

  describe('that counts', () => {
    it('counts bytes on the wire by client, mirror and repository', async () => {
      bench.worker.handler = answerWith(Buffer.alloc(1_000_000));
      await pull(blob);
      await pull(`/v2/library/alpine/blobs/sha256:${'b'.repeat(64)}`, '127.0.0.9');
      await begin({ port: bench.port, path: '/', host: serviceHost });
      const deltas = await counted();
      const of = (client: string, mirror?: string, repository?: string): number =>
        deltas
          .filter((d) => d.client === client && d.mirror === mirror && d.repository === repository)
          .reduce((sum, { bytes }) => sum + bytes, 0);
      expect(of('127.0.0.1', 'hub', 'acme/app')).to.be.within(1_000_000, 1_010_000);
      expect(of('127.0.0.9', 'hub', 'library/alpine')).to.be.within(1_000_000, 1_010_000);
      expect(of('127.0.0.1', backend.service.name)).to.be.within(100, 1_000);
      // Handshakes.
      expect(of('127.0.0.9')).to.be.within(500, 5_000);
    });

    it('counts what a connection that stands has got so far, once', async () => {
      bench.worker.handler = (_request, response) => {
        response.writeHead(200, { 'content-length': 2_000_000 }).write(Buffer.alloc(1_000_000));
      };
      const body = await begin({ port: bench.port, path: blob });
      let received = 0;
      for await (const chunk of body) {
        received += (chunk as Buffer).length;
        if (received === 1_000_000) break;
      }
      const first = (await counted()).reduce((sum, { bytes }) => sum + bytes, 0);
      expect(first).to.be.within(1_000_000, 1_020_000);
      expect((await counted()).reduce((sum, { bytes }) => sum + bytes, 0)).to.be.below(1_000);
    });
  });

  describe('that paces', () => {
    for (const connections of [1, 4, 16]) {
      it(`keeps a client's rate over ${connections} connections`, async () => {
        const rate = 8e6;
        const sizeBytes = rate / 2 / connections;
        order({ clientBytesPerSecond: rate });
        bench.worker.handler = answerWith(Buffer.alloc(sizeBytes));
        const begunAt = performance.now();
        await crowd(connections, connections, async () => {
          expect((await pull(blob)).body).to.have.length(sizeBytes);
        });
        const tookMs = performance.now() - begunAt;
        // A tenth of a second is saved up, and the last piece of each is not waited for.
        expect(tookMs).to.be.above(250);
      });
    }

    it('holds no client back for what another takes', async () => {
      order({ clientBytesPerSecond: 50_000 });
      bench.worker.handler = answerWith(Buffer.alloc(1_000_000));
      const slow = await begin({ port: bench.port, path: blob });
      bench.worker.handler = answerWith(Buffer.alloc(60_000));
      expect((await pull(blob, '127.0.0.9')).body).to.have.length(60_000);
      slow.destroy();
    });

    it('paces services and all clients together alike', async () => {
      order({ totalBytesPerSecond: 8e6 });
      backend.handler = answerWith(Buffer.alloc(2_000_000));
      bench.worker.handler = answerWith(Buffer.alloc(2_000_000));
      const begunAt = performance.now();
      await Promise.all([
        ask({ port: bench.port, path: '/', host: serviceHost }),
        pull(blob, '127.0.0.9'),
      ]);
      expect(performance.now() - begunAt).to.be.above(350);
    });

    it('is lifted for transfers that run', async () => {
      order({ clientBytesPerSecond: 100_000 });
      bench.worker.handler = answerWith(Buffer.alloc(3_000_000));
      const body = await begin({ port: bench.port, path: blob });
      order({});
      let received = 0;
      for await (const chunk of body) received += (chunk as Buffer).length;
      expect(received).to.equal(3_000_000);
    });
  });

  describe('that is spent', () => {
    it('refuses new manifests with a time to come back', async () => {
      order({ mode: 'refuse', resetAtMs: bench.clock.now().getTime() + 90_000 });
      await settle();
      const answer = await pull(manifest);
      expect(answer).to.include({ status: 503 });
      expect(ociCode(answer)).to.equal('UNAVAILABLE');
      expect(Number(answer.headers['retry-after'])).to.be.within(60, 90);
      expect((await pull(blob)).status).to.equal(503);
      expect((await pull('/v2/acme/app/tags/list')).status).to.equal(503);
      expect(bench.worker.requests).to.deep.equal([]);
      expect((await pull('/v2/')).status).to.equal(200);
    });

    it('goes on with the blobs of manifests that were given out, for the grace period', async () => {
      await pull(manifest);
      order({ mode: 'refuse' });
      await settle();
      expect((await pull(blob)).status).to.equal(200);
      expect((await pull(blob, '127.0.0.9')).status).to.equal(503);
      expect((await pull(blob.replace('app', 'other'))).status).to.equal(503);
      await bench.clock.advance(hourMs);
      expect((await pull(blob)).status).to.equal(503);
    });

    it('knows of manifests that another edge gave out', async () => {
      await pull(manifest);
      await bench.clock.advance(1_000);
      const given = bench.usage.flatMap((report) => report.given);
      expect(given).to.have.length(1);
      const moved = given.map((one) => ({ ...one, client: '127.0.0.9' }));
      order({ mode: 'refuse', given: moved });
      await settle();
      expect((await pull(blob, '127.0.0.9')).status).to.equal(200);
    });

    it('refuses services', async () => {
      order({ mode: 'refuse' });
      expect((await ask({ port: bench.port, path: '/', host: serviceHost })).status).to.equal(503);
      expect(backend.requests).to.deep.equal([]);
    });

    it('refuses the one client whose quota is spent', async () => {
      order({ spentClients: new Set(['127.0.0.9']) });
      await settle();
      expect((await pull(manifest, '127.0.0.9')).status).to.equal(503);
      expect((await pull(manifest)).status).to.equal(200);
    });

    it('asks the worker for what is in the cache while hits are permitted', async () => {
      order({ mode: 'hits-only' });
      await settle();
      await pull(manifest);
      await pull(blob);
      await pull(blob.replace('app', 'other'));
      const asked = bench.worker.requests.map(({ headers }) => headers['cache-control']);
      expect(asked).to.deep.equal(['only-if-cached', undefined, 'only-if-cached']);
    });
  });
});
