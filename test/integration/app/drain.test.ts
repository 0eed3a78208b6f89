import { Agent } from 'node:https';
import { join } from 'node:path';
import { expect } from 'chai';
import { ask, begin, isOpen } from '../../support/app/gate-client.ts';
import { readyLine } from '../../support/app/gate-folder.ts';
import { allEnded, isAlive } from '../../support/app/process-table.ts';
import { hubHost, Stage } from '../../support/app/stage.ts';
import { readToEnd } from '../../support/edge/https-client.ts';
import { Daemon } from '../../support/lab/daemon.ts';
import { machine } from '../../support/lab/place.ts';
import { until } from '../../support/until.ts';

const mib = 1024 * 1024;
const servingProcess = join(import.meta.dirname, '../../support/app/serving-process.ts');

describe('a gate that is told to end', () => {
  let stage: Stage;

  const refused = (): Promise<void> =>
    until('refusal of connections', async () => !(await isOpen(stage.gate.httpsPort)));
  const endsAll = async (work: () => Promise<unknown>): Promise<void> => {
    const { supervisor, edge, worker } = await stage.processes();
    await work();
    await allEnded([supervisor, edge, worker]);
  };
  beforeEach(async () => {
    stage = await Stage.start();
  });
  afterEach(() => stage.close());

  it('ends a pull from a slow upstream, refuses new ones meanwhile, and exits with 0', async () => {
    stage.registry.setFault('blob', { kind: 'slow', bytesPerSecond: mib });
    const blob = stage.addBlob(mib);
    await endsAll(async () => {
      const response = await begin(stage.target(), blob.path);
      const body = readToEnd(response);
      const stopped = stage.gate.stop();
      await refused();
      const { complete, body: bytes } = await body;
      expect({ complete, same: bytes.equals(blob.bytes) }).to.deep.equal({
        complete: true,
        same: true,
      });
      expect(await stopped).to.deep.equal({ exitCode: 0, signal: null });
    });
  });

  it('ends a pull by a slow reader', async () => {
    const blob = stage.addBlob(32 * mib);
    await endsAll(async () => {
      const response = await begin(stage.target(), blob.path);
      response.pause();
      const stopped = stage.gate.stop();
      await refused();
      const { complete, body } = await readToEnd(response);
      expect({ complete, same: body.equals(blob.bytes) }).to.deep.equal({
        complete: true,
        same: true,
      });
      expect((await stopped)?.exitCode).to.equal(0);
    });
  });

  it('does not wait for connections that are idle', async () => {
    const agent = new Agent({ keepAlive: true });
    expect((await ask(stage.target(), '/v2/')).status).to.equal(200);
    expect((await ask(stage.target(hubHost, { agent }), '/v2/')).status).to.equal(200);
    const begunAt = performance.now();
    await endsAll(() => stage.gate.stop());
    expect(performance.now() - begunAt).to.be.below(2_000);
  });

  it('ends at once, with 1, where it is told a second time later on', async () => {
    stage.registry.setFault('blob', { kind: 'stall', atByte: 100_000 });
    const response = await begin(stage.target(), stage.addBlob(mib).path);
    const { supervisor, edge, worker } = await stage.processes();
    process.kill(supervisor, 'SIGTERM');
    await refused();
    const askedAt = performance.now();
    await until('a second to pass', () => performance.now() - askedAt > 1_050);
    expect(await isAlive(supervisor)).to.equal(true);
    const exit = await stage.gate.stop();
    expect(exit).to.deep.equal({ exitCode: 1, signal: null });
    await allEnded([edge, worker]);
    expect(performance.now() - askedAt).to.be.below(2_000);
    expect((await readToEnd(response)).complete).to.equal(false);
  });

  it('cuts what is in flight when its time is over, and exits with 0', async () => {
    await stage.gate.stop();
    const gate = new Daemon({
      name: 'serving process',
      place: machine,
      command: [process.execPath, servingProcess, stage.gate.configurationFile, '300'],
    });
    await readyLine(gate);
    stage.registry.setFault('blob', { kind: 'stall', atByte: 100_000 });
    const answer = readToEnd(await begin(stage.target(), stage.addBlob(mib).path));
    const { edge, worker } = await stage.processes();
    const begunAt = performance.now();
    expect(await gate.stop()).to.deep.equal({ exitCode: 0, signal: null });
    expect(performance.now() - begunAt).to.be.within(290, 2_000);
    expect((await answer).complete).to.equal(false);
    await allEnded([edge, worker]);
  });
});
