import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import type { BandwidthStatus } from '../../../lib/app/bandwidth-status.ts';
import { ask, type Target } from '../../support/app/gate-client.ts';
import { mirrorgate } from '../../support/app/program.ts';
import { hubHost, repository, Stage } from '../../support/app/stage.ts';
import { until } from '../../support/until.ts';

const mb = 1e6;

describe('the bandwidth budget of a running gate', function () {
  this.timeout(60_000);
  let stage: Stage;
  afterEach(() => stage.close());

  const begin = async (bandwidth: Readonly<Record<string, unknown>>): Promise<void> => {
    stage = await Stage.start({ settings: { bandwidth, processes: { edges: 1, workers: 1 } } });
  };
  const command = async <Answer>(...words: readonly string[]): Promise<Answer> => {
    const { stdout } = await mirrorgate(
      ...words,
      '--json',
      '--config',
      stage.gate.configurationFile,
    );
    return JSON.parse(stdout) as Answer;
  };
  const bandwidth = async (): Promise<BandwidthStatus> =>
    (await command<{ readonly bandwidth: BandwidthStatus }>('status')).bandwidth;
  const pull = async (sizeBytes: number, from = '127.0.0.1'): Promise<number> => {
    const target: Target = stage.target(hubHost, { from });
    return (await ask(target, stage.addBlob(sizeBytes).path)).status;
  };

  it('is shown by status and allow list, by client and image', async () => {
    await begin({ monthly: '1GB' });
    await stage.gate.allow(['127.0.0.0/8', '127.0.0.9']);
    await pull(3 * mb);
    await pull(2 * mb, '127.0.0.9');
    await until('both to be counted', async () => (await bandwidth()).sentBytes > 5 * mb);
    const { clients, images, monthlyBytes, stage: reached } = await bandwidth();
    expect({ monthlyBytes, reached }).to.deep.equal({ monthlyBytes: 1e9, reached: undefined });
    expect(clients.map(({ name }) => name)).to.deep.equal(['127.0.0.1', '127.0.0.9']);
    expect(clients[1]?.bytes).to.be.within(2 * mb, 2.1 * mb);
    expect(images[0]?.name).to.equal(`hub/${repository}`);
    const { entries } = await command<{
      readonly entries: readonly { readonly cidr: string; readonly sentBytes: number }[];
    }>('allow', 'list');
    const sent = Object.fromEntries(entries.map(({ cidr, sentBytes }) => [cidr, sentBytes]));
    expect(sent['127.0.0.9/32']).to.be.within(2 * mb, 2.1 * mb);
    expect(sent['127.0.0.0/8']).to.be.within(3 * mb, 3.1 * mb);
    const config = ['--config', stage.gate.configurationFile];
    const { stdout } = await mirrorgate('status', ...config);
    expect(stdout).to.match(/^bandwidth \d.* of 953\.7 MiB \(0\.5%\) sent to clients since /m);
  });

  it('outlives kill -9 of every process but for the last ten seconds', async () => {
    await begin({ monthly: '1GB' });
    await pull(3 * mb);
    const file = join(dirname(stage.gate.configurationFile), 'state', 'bandwidth.json');
    await until('the ledger on disk', async () => {
      const text = await readFile(file, 'utf8').catch(() => '{}');
      const kept = JSON.parse(text) as { readonly ledger?: { readonly sentBytes: number } };
      return (kept.ledger?.sentBytes ?? 0) > 3 * mb;
    });
    await stage.gate.kill();
    await stage.gate.resume();
    expect((await bandwidth()).sentBytes).to.be.above(3 * mb);
  });

  it('begins anew where its file is damaged, and says so', async () => {
    await begin({ monthly: '1GB' });
    await stage.gate.kill();
    const file = join(dirname(stage.gate.configurationFile), 'state', 'bandwidth.json');
    await writeFile(file, '{"version":1,', { mode: 0o600 });
    await stage.gate.resume();
    expect((await bandwidth()).sentBytes).to.equal(0);
    await stage.gate.waitForLog('complaint', () =>
      stage.gate.log().find(({ event }) => event.includes('ledger is damaged')),
    );
  });

  it('refuses new images once it is spent, and not a byte is asked of the upstream', async () => {
    await begin({ monthly: '4MB', grace: '0s' });
    expect(await pull(5 * mb)).to.equal(200);
    await until('refusal', async () => (await pull(10)) === 503);
    const asked = stage.registry.requests.length;
    const target = stage.target();
    const answer = await ask(target, `/v2/${repository}/manifests/1`);
    expect(answer).to.include({ status: 503 });
    expect(Number(answer.headers['retry-after'])).to.be.within(1, 3_600);
    expect(stage.registry.requests).to.have.length(asked);
    expect((await ask(target, '/v2/')).status).to.equal(200);
    const stages = () =>
      stage.gate.log().filter(({ event }) => event.startsWith('a stage of the bandwidth'));
    await until('the line about the stage', () => stages().length > 0);
    expect(stages().map(({ action }) => action)).to.deep.equal(['refuse']);
  });

  it('serves what is in the cache while hits are permitted, and fetches nothing', async () => {
    await begin({ monthly: '4MB', stages: [{ at: '100%', do: 'hits-only' }], grace: '0s' });
    const held = stage.addBlob(5 * mb);
    const target = stage.target();
    expect((await ask(target, held.path)).status).to.equal(200);
    await until('refusal', async () => (await pull(10)) === 503);
    const gets = stage.registry.count('blob', 'GET');
    expect(await pull(10)).to.equal(503);
    expect(stage.registry.count('blob', 'GET')).to.equal(gets);
    expect((await ask(target, held.path)).body).to.have.length(5 * mb);
  });

  it('is raised by a reload, without a restart', async () => {
    await begin({ monthly: '1MB' });
    await pull(2 * mb);
    await until('refusal', async () => (await bandwidth()).mode === 'refuse');
    const text = await readFile(stage.gate.configurationFile, 'utf8');
    await writeFile(stage.gate.configurationFile, text.replace('1MB', '1GB'));
    await until('service', async () => (await bandwidth()).mode === 'open');
  });

  it('gives a client one rate, whichever of two edges it comes to', async () => {
    stage = await Stage.start({
      settings: { bandwidth: { perClient: '16Mbit/s' }, processes: { edges: 2, workers: 1 } },
    });
    const { path } = stage.addBlob(mb);
    await ask(stage.target(), path);
    const begunAt = performance.now();
    // Enough connections that the system gives some to either edge.
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(stage.target(), path)));
    expect(answers.every(({ complete }) => complete)).to.equal(true);
    // 10 MB at 2 MB/s; half of it, were the rate that of an edge.
    expect(performance.now() - begunAt).to.be.above(3_500);
  });

  it('limits what comes from upstreams by itself', async () => {
    await begin({ upstream: '4MB/s' });
    const begunAt = performance.now();
    expect(await pull(3 * mb)).to.equal(200);
    expect(performance.now() - begunAt).to.be.above(500);
  });
});
