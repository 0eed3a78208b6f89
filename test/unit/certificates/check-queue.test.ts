import { expect } from 'chai';
import { CheckQueue } from '../../../lib/certificates/check-queue.ts';
import { ManualClock } from '../../support/manual-clock.ts';

describe('the queue of checks', () => {
  let clock: ManualClock;
  let queue: CheckQueue;
  let begun: number;
  /** Ends the checks that run, in order. */
  let ends: (() => void)[];

  const create = (after?: Promise<void>): CheckQueue =>
    new CheckQueue({
      clock,
      after,
      check: () => {
        begun += 1;
        return new Promise((resolve) => ends.push(resolve));
      },
    });
  const endNext = async (): Promise<void> => {
    ends.shift()?.();
    await clock.advance(0);
  };
  beforeEach(() => {
    clock = new ManualClock();
    begun = 0;
    ends = [];
    queue = create();
  });

  it('runs one more for all demands that come while one runs', async () => {
    void queue.run();
    await clock.advance(0);
    const later = [queue.run(), queue.run(), queue.run()];
    await clock.advance(0);
    expect(begun).to.equal(1);
    await endNext();
    await endNext();
    await Promise.all(later);
    expect([begun, queue.isQueued]).to.deep.equal([2, false]);
  });

  it('begins with what it is to come after', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    queue = create(promise.then(() => undefined));
    void queue.run();
    await clock.advance(0);
    expect([begun, queue.isQueued]).to.deep.equal([0, true]);
    resolve(undefined);
    await clock.advance(0);
    expect(begun).to.equal(1);
  });

  it('keeps the last appointment only, and none once a check has run', async () => {
    queue.appoint(1_000);
    queue.appoint(2_000);
    expect(queue.nextAt).to.deep.equal(new Date(clock.now().getTime() + 2_000));
    await clock.advance(1_999);
    expect(begun).to.equal(0);
    await clock.advance(1);
    expect(begun).to.equal(1);
    await endNext();
    queue.appoint(1_000);
    void queue.run();
    await clock.advance(0);
    await endNext();
    await clock.advance(1_000);
    expect(begun).to.equal(2);
  });

  it('runs other work between two checks, whatever becomes of it', async () => {
    void queue.run();
    await clock.advance(0);
    let worked = false;
    const work = queue.runBetween(() => {
      worked = true;
      return Promise.reject(new Error('the disk'));
    });
    const next = queue.run();
    await clock.advance(0);
    expect(worked).to.equal(false);
    await endNext();
    await work;
    expect([worked, begun]).to.deep.equal([true, 2]);
    await endNext();
    await next;
  });

  it('closes when what runs is through, and keeps no appointment', async () => {
    void queue.run();
    await clock.advance(0);
    queue.appoint(1_000);
    let isClosed = false;
    const closed = queue.close().then(() => (isClosed = true));
    await clock.advance(1_000);
    expect([begun, isClosed]).to.deep.equal([1, false]);
    await endNext();
    await closed;
    await queue.close();
  });
});
