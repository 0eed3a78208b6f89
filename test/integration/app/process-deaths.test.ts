import { Agent } from 'node:https';
import { expect } from 'chai';
import { ask, begin, isOpen, servedSerial } from '../../support/app/gate-client.ts';
import { allEnded } from '../../support/app/process-table.ts';
import { hubHost, Stage, universalHost } from '../../support/app/stage.ts';
import { readToEnd } from '../../support/edge/https-client.ts';
import { until } from '../../support/until.ts';

const mib = 1024 * 1024;

describe('a gate', () => {
  let stage: Stage;

  const succeeds = async (): Promise<boolean> =>
    await ask(stage.target(), '/v2/').then(
      ({ status }) => status === 200,
      () => false,
    );
  /** A client has all of a blob a moment before the disk does. */
  const isCached = (path: string): Promise<void> =>
    until('the blob to be a hit', async () => {
      const { headers } = await ask(stage.target(), path);
      return headers['cache-status'] === 'mirrorgate; hit';
    });
  beforeEach(async () => {
    stage = await Stage.start();
  });
  afterEach(() => stage.close());

  it('whose edge is killed has another soon, that serves the same', async () => {
    const [serial, other] = [await servedSerial(stage.target()), stage.target(universalHost)];
    const { edge, supervisor, worker } = await stage.processes();
    process.kill(edge, 'SIGKILL');
    await until('end of the edge', async () => !(await isOpen(stage.gate.httpsPort)));
    await until('an answer', succeeds);
    expect(await servedSerial(stage.target())).to.equal(serial);
    expect((await ask(other, '/ca/fingerprint')).status).to.equal(200);
    expect(await isOpen(stage.gate.httpPort)).to.equal(true);
    const now = await stage.processes();
    expect(now).to.deep.equal({ supervisor, worker, edge: now.edge });
    expect(now.edge).not.to.equal(edge);
  });

  it('whose edge is killed gives its heir what was changed since the start', async () => {
    const host = 'new.example.test';
    await stage.gate.configure({ mirrors: [stage.mirror({ hosts: [host] })] });
    await stage.gate.reload();
    await stage.gate.allow(['127.0.0.7']);
    await stage.gate.waitForLog('line about the allow-list', () =>
      stage.gate.log().find(({ event }) => event === 'allow-list reloaded'),
    );
    const allowed = stage.target(host, { from: '127.0.0.7' });
    const serial = await servedSerial(allowed);
    process.kill((await stage.processes()).edge, 'SIGKILL');
    await until('end of the edge', async () => !(await isOpen(stage.gate.httpsPort)));
    await until('an heir', () => isOpen(stage.gate.httpsPort));
    expect(await servedSerial(allowed)).to.equal(serial);
    expect((await ask(allowed, '/v2/')).status).to.equal(200);
    for (const denied of [stage.target(host), stage.target(hubHost, { from: '127.0.0.7' })]) {
      expect(await ask(denied, '/v2/').catch(() => 'no answer')).to.equal('no answer');
    }
  });

  it('whose worker is killed answers the pulls that come meanwhile', async () => {
    const blob = stage.addBlob(mib);
    expect((await ask(stage.target(), blob.path)).status).to.equal(200);
    await isCached(blob.path);
    process.kill((await stage.processes()).worker, 'SIGKILL');
    const agent = new Agent({ keepAlive: true });
    const [cached, cold] = await Promise.all(
      [blob, stage.addBlob(mib)].map((one) => ask(stage.target(hubHost, { agent }), one.path)),
    );
    agent.destroy();
    expect(cached).to.include({ status: 200, complete: true });
    expect(cached?.headers['cache-status']).to.equal('mirrorgate; hit');
    expect(cold).to.include({ status: 200, complete: true });
    expect(stage.registry.count('blob', 'GET')).to.equal(2);
  });

  it('whose worker is killed in the middle of a pull goes on with it by the heir', async () => {
    stage.registry.setFault('blob', { kind: 'stall', atByte: 600_000, times: 1 });
    const blob = stage.addBlob(mib);
    const answer = readToEnd(await begin(stage.target(), blob.path));
    process.kill((await stage.processes()).worker, 'SIGKILL');
    const { complete, body } = await answer;
    expect(complete && body.equals(blob.bytes)).to.equal(true);
    await isCached(blob.path);
    expect(stage.registry.count('blob', 'GET')).to.equal(2);
  });

  it('whose supervisor is killed has no process left, and starts again at once', async () => {
    const blob = stage.addBlob(mib);
    await ask(stage.target(), blob.path);
    const serial = await servedSerial(stage.target());
    const { edge, worker } = await stage.processes();
    await stage.gate.kill();
    await stage.gate.resume();
    expect((await ask(stage.target(), blob.path)).headers['cache-status']).to.include('hit');
    expect(await servedSerial(stage.target())).to.equal(serial);
    await allEnded([edge, worker]);
  });
});
