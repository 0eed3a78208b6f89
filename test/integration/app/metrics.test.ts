import { expect } from 'chai';
import { ask } from '../../support/app/gate-client.ts';
import type { Stage } from '../../support/app/stage.ts';
import { askAdmin, sample, startWatchedStage } from '../../support/app/watched-stage.ts';
import { until } from '../../support/until.ts';

describe('metrics', () => {
  let stage: Stage;
  let admin: string;

  before(async () => {
    ({ stage, admin } = await startWatchedStage());
  });
  after(async () => {
    await stage.close();
  });

  async function read(): Promise<string> {
    const { status, text } = await askAdmin(admin, '/metrics');
    expect(status).to.equal(200);
    return text;
  }

  it('count what clients get, what it cost the upstream and what was saved', async () => {
    const blob = stage.addBlob(200_000);
    for (let pulls = 0; pulls < 3; pulls += 1) {
      expect((await ask(stage.target(), blob.path)).status).to.equal(200);
    }
    const labels = ['mirror="hub"', 'kind="blob"', 'code="200"'];
    await until(
      'three pulls counted',
      async () => sample(await read(), 'mirrorgate_requests_total', labels) === 3,
    );
    const metrics = await read();
    const hub = ['mirror="hub"'];
    // The second may have come before the first was put away.
    const shared = ['hit', 'miss-collapsed'].map((cache) =>
      sample(metrics, 'mirrorgate_requests_total', [...labels, `cache="${cache}"`]),
    );
    expect(shared.reduce((sum, count) => sum + count)).to.equal(2);
    expect(sample(metrics, 'mirrorgate_client_sent_bytes_total', hub)).to.be.within(6e5, 6.1e5);
    expect(sample(metrics, 'mirrorgate_saved_bytes_total', hub)).to.be.within(4e5, 4.1e5);
    expect(sample(metrics, 'mirrorgate_upstream_received_bytes_total', hub)).to.equal(200_000);
    expect(sample(metrics, 'mirrorgate_cache_bytes')).to.be.at.least(200_000);
    expect(sample(metrics, 'mirrorgate_first_byte_seconds_count', ['kind="blob"'])).to.equal(3);
    expect(sample(metrics, 'mirrorgate_upstream_out', hub)).to.equal(0);
    const expiry = sample(metrics, 'mirrorgate_certificate_expiry_timestamp_seconds', [
      'site="hub"',
    ]);
    expect(expiry).to.be.above(Date.now() / 1000);
  });

  it('tell of every process', async () => {
    const metrics = await read();
    for (const process of ['supervisor', 'edge-1', 'worker-1']) {
      const labels = [`process="${process}"`];
      expect(sample(metrics, 'mirrorgate_process_resident_memory_bytes', labels)).to.be.above(1e7);
      expect(metrics).to.include(`mirrorgate_event_loop_delay_seconds{process="${process}"`);
    }
  });

  it('never go back when a process is started again', async () => {
    const blob = stage.addBlob(1_000);
    await ask(stage.target(), blob.path);
    const count = async (): Promise<number> =>
      sample(await read(), 'mirrorgate_requests_total', ['kind="blob"']);
    const before = await count();
    expect(before).to.be.at.least(1);
    process.kill((await stage.processes()).edge, 'SIGKILL');
    await until('an edge again', async () => {
      const answer = await ask(stage.target(), blob.path).catch(() => undefined);
      return answer?.status === 200;
    });
    await until('the count went on', async () => (await count()) === before + 1);
  });

  it('keep their series when clients invent names', async () => {
    const series = async (): Promise<number> =>
      (await read()).split('\n').filter((line) => line.startsWith('mirrorgate_requests')).length;
    const invent = async (round: number): Promise<void> => {
      for (let index = 0; index < 20; index += 1) {
        const name = `invented-${round}-${index}`;
        await ask(stage.target(), `/v2/${name}/manifests/${name}`);
        await ask(stage.target('mirror.example.test'), `/v2/x/manifests/1?ns=${name}.test`);
      }
    };
    await invent(1);
    const before = await series();
    await invent(2);
    expect(await series()).to.equal(before);
  });

  it('are not for pages that pretend to be loopback', async () => {
    for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.nip.io']) {
      expect((await askAdmin(admin, '/metrics', host)).status, host).to.equal(421);
    }
    for (const host of ['localhost:9999', 'gate.localhost', '[::1]:9180', '127.0.0.1']) {
      expect((await askAdmin(admin, '/metrics', host)).status, host).to.equal(200);
    }
  });
});
