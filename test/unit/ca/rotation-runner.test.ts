/** A year and more of a root's life, on a clock that the test moves. */
import { expect } from 'chai';
import { Authority } from '../../../lib/ca/authority.ts';
import type { ClientEvidence, LackingClient } from '../../../lib/ca/client-evidence.ts';
import { RotationRunner } from '../../../lib/ca/rotation-runner.ts';
import { authorityOptions, testPolicy } from '../../support/ca/test-authority.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { dayMs, testStart } from '../../support/test-certificates.ts';

const hourMs = 3_600_000;

describe('RotationRunner', function () {
  this.timeout(30_000);
  let scratch: TemporaryDirectory;
  let clock: ManualClock;
  let authority: Authority;
  let runner: RotationRunner;
  let lacking: readonly LackingClient[];

  beforeEach(async () => {
    scratch = await TemporaryDirectory.create('runner');
    clock = new ManualClock();
    lacking = [];
    const options = authorityOptions(scratch.join('certs'), clock);
    authority = await Authority.open(options);
    const evidence: ClientEvidence = { lacking: () => lacking };
    const configuration = testPolicy();
    runner = new RotationRunner({
      authority,
      configuration,
      evidence,
      clock,
      logger: options.logger,
    });
    await runner.look();
  });
  afterEach(async () => {
    await runner.close();
    await scratch.close();
  });

  const states = (): string => authority.state.roots.map(({ state }) => state).join();
  /** As a machine that slept until then, and has been awake for two hours since. */
  const wakeAt = async (day: number): Promise<void> => {
    clock.jump(testStart.getTime() + day * dayMs - clock.now().getTime());
    await runner.look();
    clock.jump(hourMs / 2);
    await runner.look();
    for (let half = 0; half < 3; half += 1) {
      clock.jump(hourMs / 2);
      await runner.look();
    }
  };

  it('replaces a root at 80 % of its life, step by step', async () => {
    await wakeAt(291);
    expect(states()).to.equal('active');
    await wakeAt(292);
    expect(states()).to.equal('active,next');
    await wakeAt(321);
    expect(states()).to.equal('active,next');
    await wakeAt(323);
    expect(states()).to.equal('active,retiring');
    await wakeAt(329);
    expect(states()).to.equal('active,retiring');
    await wakeAt(331);
    expect(states()).to.equal('active');
    expect(authority.state.bundleVersion).to.equal(4);
  });

  it('retires no root while a client lacks the new one, unless it is forced', async () => {
    const client = {
      address: '192.0.2.1',
      lastSeen: testStart,
      reason: 'never fetched the bundle',
    };
    await runner.rotate();
    await wakeAt(31);
    lacking = [client];
    await wakeAt(40);
    expect(states()).to.equal('active,retiring');
    expect(runner.status()).to.deep.include({ waitsFor: 'clients', lacking: [client] });
    expect(await runner.force()).to.deep.equal([client]);
    expect(states()).to.equal('active');
  });

  it('decides nothing that cannot be undone within an hour after the clock jumped', async () => {
    await runner.rotate();
    clock.jump(60 * dayMs);
    await runner.look();
    expect(states()).to.equal('active,next');
    expect(runner.status().waitsFor).to.equal('clock');
  });

  it('leaves one root alone in an emergency, vouched for by the one before', async () => {
    const before = authority.fingerprint();
    const breakage = await runner.rotateAtOnce();
    expect(states()).to.equal('active');
    expect(breakage).to.deep.include({ removed: [before], isEndorsed: true, clients: [] });
    expect(breakage.trusted).to.equal(authority.fingerprint()).and.not.equal(before);
  });
});
