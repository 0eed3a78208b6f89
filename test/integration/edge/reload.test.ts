import { Agent } from 'node:https';
import { expect } from 'chai';
import type { EdgeSettings } from '../../../lib/edge/settings.ts';
import { EdgeBench } from '../../support/edge/edge-bench.ts';
import { answerWith, FakeWorker, HalvedAnswer } from '../../support/edge/fake-worker.ts';
import { ask, type Answer } from '../../support/edge/https-client.ts';
import { anyPort, ghcrHost, hub, hubHost, testSettings } from '../../support/edge/test-settings.ts';
import { poll } from '../../support/lab/polling.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { hostNames } from '../../support/test-certificates.ts';

describe('a reload of an edge', () => {
  let bench: EdgeBench;

  const ping = (port = bench.port, host = hubHost, agent?: Agent): Promise<Answer> =>
    ask({ port, host, path: '/v2/', ...(agent === undefined ? {} : { agent }) });
  beforeEach(async () => {
    bench = await EdgeBench.start();
  });
  afterEach(() => bench.close());

  it('changes what an open address stands for', async () => {
    const { https } = bench.settings;
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    expect((await ping(bench.port, hubHost, agent)).status).to.equal(200);
    await bench.configure({ https: https.map(({ endpoint }) => ({ endpoint, mirror: 'ghcr' })) });
    for (const used of [agent, undefined]) {
      const question = { port: bench.port, host: hubHost, path: '/v2/acme/app/manifests/1' };
      await ask({ ...question, ...(used === undefined ? {} : { agent: used }) });
      expect(bench.worker.requests.at(-1)?.target).to.equal('/ghcr/v2/acme/app/manifests/1');
    }
    agent.destroy();
  });

  it('takes a mirror away at once, also from connections that stand', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    expect((await ping(bench.port, ghcrHost, agent)).status).to.equal(200);
    const { sites } = testSettings({ mirrors: [hub] });
    await bench.configure({ mirrors: [hub], sites });
    expect((await ping(bench.port, ghcrHost, agent)).status).to.equal(421);
    agent.destroy();
    const outcome = await ping(bench.port, ghcrHost).catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(Error);
  });

  it('of the workers lets the answers of the old ones end', async () => {
    const directory = await TemporaryDirectory.create('edge');
    const next = new FakeWorker(directory.join('next.sock'), answerWith('next'));
    await next.start();
    const old = new HalvedAnswer();
    bench.worker.handler = old.handler;
    const question = { port: bench.port, host: hubHost, path: '/v2/a/b/manifests/1' };
    const before = ask(question);
    await poll(() => bench.worker.requests.length === 1 || undefined, {
      deadlineMs: 1_000,
      what: 'request',
    });
    await bench.configure({ workers: [next.path] });
    expect((await ask(question)).body.toString()).to.equal('next');
    old.finish();
    const answer = await before;
    expect([answer.complete, answer.body.toString()]).to.deep.equal([true, 'halfhalf']);
    await next.kill();
    await directory.close();
  });

  it('under load drops no connection and no request', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const variants: readonly Partial<EdgeSettings>[] = [
      { universalHosts: hostNames('mirror.example.test') },
      { https: [...bench.settings.https, { endpoint: anyPort('127.0.0.2'), mirror: 'ghcr' }] },
      { https: bench.settings.https, logsAccess: false },
    ];
    const statuses: number[] = [];
    const pulls = Array.from({ length: 8 }, async () => {
      while (statuses.length < 200) {
        statuses.push((await ping(bench.port, hubHost, agent)).status);
      }
    });
    let reloads = 0;
    for (; statuses.length < 200; reloads += 1) {
      await bench.configure(variants[reloads % variants.length] ?? {});
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(pulls);
    agent.destroy();
    expect(reloads).to.be.above(variants.length);
    expect(new Set(statuses)).to.deep.equal(new Set([200]));
  });
});
