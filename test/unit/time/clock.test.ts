import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { mock } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { systemClock } from '../../../lib/time/clock.ts';
import { until } from '../../support/until.ts';

const dayMs = 86_400_000;

describe("the machine's clock", () => {
  it('tells the time', () => {
    expect(Math.abs(systemClock.now().getTime() - Date.now())).to.be.below(1_000);
  });

  it('calls back once, after the delay', async () => {
    const started = performance.now();
    let calls = 0;
    systemClock.after(15, () => (calls += 1));
    await until('the call', () => calls > 0);
    expect(performance.now() - started).to.be.at.least(14);
    await delay(20);
    expect(calls).to.equal(1);
  });

  it('does not call once it was cancelled, which may be said twice', async () => {
    let calls = 0;
    const timer = systemClock.after(5, () => (calls += 1));
    timer.cancel();
    timer.cancel();
    systemClock.after(0, () => undefined).cancel();
    await delay(20);
    expect(calls).to.equal(0);
  });

  it('may be told to wait a time that is over', async () => {
    for (const delayMs of [0, -1, -1e15]) {
      await new Promise<void>((resolve) => void systemClock.after(delayMs, resolve));
    }
  });

  it('does not keep a process alive', () => {
    const clock = join(import.meta.dirname, '../../../lib/time/clock.ts');
    const script = `import { systemClock } from ${JSON.stringify(clock)};
      systemClock.after(3600_000, () => undefined); systemClock.after(2 ** 40, () => undefined);`;
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', script],
      { timeout: 15_000, encoding: 'utf8' },
    );
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
  });

  describe('over months', () => {
    beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 0 }));
    afterEach(() => mock.timers.reset());

    for (const days of [24, 25, 49, 50, 365, 36_500]) {
      it(`calls back after ${days} days, and not a day before`, () => {
        let calls = 0;
        systemClock.after(days * dayMs, () => (calls += 1));
        for (let day = 1; day < days; day += 1) mock.timers.tick(dayMs);
        expect(calls).to.equal(0);
        mock.timers.tick(dayMs);
        expect(calls).to.equal(1);
      });
    }

    it('can be cancelled in any month', () => {
      let calls = 0;
      const timer = systemClock.after(100 * dayMs, () => (calls += 1));
      for (let day = 0; day < 60; day += 1) mock.timers.tick(dayMs);
      timer.cancel();
      for (let day = 0; day < 60; day += 1) mock.timers.tick(dayMs);
      expect(calls).to.equal(0);
    });

    it('waits for ever where it is told to', () => {
      let calls = 0;
      systemClock.after(Infinity, () => (calls += 1));
      for (let day = 0; day < 100; day += 1) mock.timers.tick(dayMs);
      expect(calls).to.equal(0);
    });
  });
});
