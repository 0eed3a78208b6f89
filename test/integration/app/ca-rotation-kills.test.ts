/**
 * kill -9 of a whole gate right after each step of a rotation, and between them: it starts again
 * where it was, clients that know the old root or both are served meanwhile, and it comes to its end.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { ask } from '../../support/app/gate-client.ts';
import { GateFolder, readyLine } from '../../support/app/gate-folder.ts';
import { poll } from '../../support/lab/polling.ts';
import type { Daemon } from '../../support/lab/daemon.ts';

const host = 'mirror.example.test';
/** A step takes its dates, and a clock that ran for a hundredth of the root's life. */
const privateCa = {
  permitted: ['example.test'],
  rootLifetime: '200s',
  leafLifetime: '8s',
  overlap: '2s',
};
const stepDeadlineMs = 40_000;
/** Between two steps. */
const killAfterMs = 900;

interface WrittenBundle {
  readonly version: number;
  readonly roots: readonly { readonly state: string; readonly pem: string }[];
}

describe('a gate that is killed while its CA is rotated', function () {
  this.timeout(4 * stepDeadlineMs);
  let folder: GateFolder;
  let gate: Daemon;

  before(async () => {
    folder = await GateFolder.create();
    await folder.configure({ certificates: { directory: 'certs', privateCa } });
  });
  after(() => folder.close());

  async function start(): Promise<void> {
    gate = folder.serve();
    await readyLine(gate);
  }
  async function killAndStart(): Promise<void> {
    await gate.kill();
    await start();
  }
  const target = (ca: string) => ({ port: folder.ports.https, host, ca });
  const bundle = async (ca: string): Promise<WrittenBundle> =>
    JSON.parse((await ask(target(ca), '/ca/bundle.json')).body.toString()) as WrittenBundle;
  const statesOf = ({ roots }: WrittenBundle): string => roots.map(({ state }) => state).join();
  const isServed = (ca: string): Promise<boolean> =>
    ask(target(ca), '/v2/').then(
      ({ status }) => status === 200,
      () => false,
    );

  it('goes on with the step that is next, and cuts nobody off before the end', async () => {
    await start();
    const old = await folder.read('certs/trust/bundle.pem');
    expect((await folder.run('ca', 'rotate')).exitCode).to.equal(0);
    await killAndStart();
    const prepared = await bundle(old);
    expect(statesOf(prepared)).to.equal('active,next');
    const young = prepared.roots[1]?.pem ?? '';
    const both = old + young;

    let { version } = prepared;
    for (const [step, states] of [
      ['switch', 'active,retiring'],
      ['retire', 'active'],
    ] as const) {
      await delay(killAfterMs);
      await killAndStart();
      await poll(async () => (statesOf(await bundle(both)) === states ? true : undefined), {
        deadlineMs: stepDeadlineMs,
        what: step,
      });
      await killAndStart();
      const after = await bundle(both);
      expect(statesOf(after)).to.equal(states);
      expect(after.version).to.equal(version + 1);
      ({ version } = after);
      expect(await isServed(both), step).to.equal(true);
      expect(await isServed(young), step).to.equal(true);
      expect(await isServed(old), step).to.equal(step === 'switch');
    }
    expect(await folder.read('certs/trust/bundle.pem')).to.equal(young);
    for (const file of ['authority', 'authority.previous']) {
      const kept = await folder.read(`certs/ca/${file}.json`);
      expect(kept.match(/BEGIN PRIVATE KEY/g), file).to.have.length(1);
    }
  });
});
