import { expect } from 'chai';
import { Breaker } from '../../../lib/upstream/breaker.ts';
import { ManualClock } from '../../support/manual-clock.ts';

describe('breaker', () => {
  it('opens at once after a slow failure, and rejects without asking', () => {
    const breaker = new Breaker(new ManualClock());
    expect(breaker.admit()).to.equal(true);
    breaker.failed(5_000);
    expect(breaker.state).to.equal('open');
    expect(breaker.admit()).to.equal(false);
    expect(breaker.pauseSeconds).to.equal(5);
  });

  it('tolerates four quick failures in a row, not five', () => {
    const breaker = new Breaker(new ManualClock());
    for (let count = 1; count <= 4; count += 1) breaker.failed(1);
    expect(breaker.state).to.equal('closed');
    breaker.failed(1);
    expect(breaker.state).to.equal('open');
  });

  it('forgets failures at a success', () => {
    const breaker = new Breaker(new ManualClock());
    for (let count = 1; count <= 4; count += 1) breaker.failed(1);
    breaker.succeeded();
    for (let count = 1; count <= 4; count += 1) breaker.failed(1);
    expect(breaker.state).to.equal('closed');
  });

  it('lets one request try after its pause, and closes when that succeeds', async () => {
    const clock = new ManualClock();
    const breaker = new Breaker(clock);
    breaker.failed(5_000);
    await clock.advance(5_000);
    expect([breaker.admit(), breaker.admit(), breaker.state]).to.deep.equal([
      true,
      false,
      'trying',
    ]);
    breaker.succeeded();
    expect([breaker.state, breaker.admit()]).to.deep.equal(['closed', true]);
  });

  it('pauses twice as long after each failed try, up to a minute', async () => {
    const clock = new ManualClock();
    const breaker = new Breaker(clock);
    breaker.failed(5_000);
    const pauses: number[] = [];
    for (let tries = 1; tries <= 6; tries += 1) {
      pauses.push(breaker.pauseSeconds);
      await clock.advance(breaker.pauseSeconds * 1000);
      expect(breaker.admit()).to.equal(true);
      breaker.failed(1);
    }
    expect(pauses).to.deep.equal([5, 10, 20, 40, 60, 60]);
  });

  it('lets another request try where the one before told nothing', async () => {
    const clock = new ManualClock();
    const breaker = new Breaker(clock);
    breaker.failed(5_000);
    await clock.advance(5_000);
    breaker.admit();
    breaker.undecided();
    expect(breaker.admit()).to.equal(true);
  });
});
