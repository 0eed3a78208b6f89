import { expect } from 'chai';
import { abortReason, startDeadline, untilAborted } from '../../../lib/upstream/deadline.ts';
import { ManualClock } from '../../support/manual-clock.ts';

describe('startDeadline', () => {
  const reason = (): Error => new Error('too late');

  it('aborts when its time is up, on the clock given', async () => {
    const clock = new ManualClock();
    const { signal } = startDeadline({ clock, afterMs: 1000, reason, parents: [] });
    await clock.advance(999);
    expect(signal.aborted).to.equal(false);
    await clock.advance(1);
    expect(abortReason(signal).message).to.equal('too late');
  });

  it('aborts with its parent, cancelled or not', () => {
    const parent = new AbortController();
    const clock = new ManualClock();
    const deadline = startDeadline({ clock, afterMs: 1000, reason, parents: [parent.signal] });
    deadline.cancel();
    expect(clock.nextTimerAt()).to.equal(undefined);
    parent.abort(new Error('left'));
    expect(abortReason(deadline.signal).message).to.equal('left');
  });
});

describe('untilAborted', () => {
  it('rejects with the reason of the signal, at once where it is aborted already', async () => {
    const pending = Promise.withResolvers<undefined>().promise;
    const reason = new Error('left');
    const outcome = await untilAborted(pending, AbortSignal.abort(reason)).catch(
      (error: unknown) => error,
    );
    expect(outcome).to.equal(reason);
  });

  it('gives the value where it came first', async () => {
    const { signal } = new AbortController();
    expect(await untilAborted(Promise.resolve(7), signal)).to.equal(7);
  });
});

describe('abortReason', () => {
  it('is an Error whatever the signal was aborted with', () => {
    expect(abortReason(AbortSignal.abort('text'))).to.be.instanceOf(Error);
  });
});
