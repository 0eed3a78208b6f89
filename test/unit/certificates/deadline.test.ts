import { expect } from 'chai';
import { withDeadline } from '../../../lib/certificates/deadline.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { rejectionOf } from '../../support/rejection.ts';

describe('withDeadline', () => {
  const never = (): Promise<never> => new Promise(() => undefined);
  const { signal } = new AbortController();

  it('gives what the work gives, and leaves no timer', async () => {
    const clock = new ManualClock();
    const result = await withDeadline(() => Promise.resolve(7), { clock, deadlineMs: 100, signal });
    expect(result).to.equal(7);
    expect(clock.nextTimerAt()).to.equal(undefined);
  });

  it('ends work that does not heed its signal', async () => {
    const clock = new ManualClock();
    let given: AbortSignal | undefined;
    const outcome = rejectionOf(
      withDeadline(
        (inner) => {
          given = inner;
          return never();
        },
        { clock, deadlineMs: 100, signal },
      ),
    );
    await clock.advance(100);
    expect((await outcome).code).to.equal('MIRRORGATE_CERTIFICATE_DEADLINE');
    expect(given?.aborted).to.equal(true);
  });

  it('ends when it is aborted from outside, before or after it began', async () => {
    const clock = new ManualClock();
    for (const first of [true, false]) {
      const controller = new AbortController();
      const reason = new Error('closing');
      if (first) controller.abort(reason);
      const outcome = withDeadline(never, { clock, deadlineMs: 100, signal: controller.signal });
      controller.abort(reason);
      const error: unknown = await outcome.catch((caught: unknown) => caught);
      expect(error).to.equal(reason);
    }
  });
});
