import { expect } from 'chai';
import { IssuanceDeferredError } from '../../../lib/certificates/certificate-errors.ts';
import {
  waitAfterFailureMs,
  waitAfterFutileIssueMs,
  waitUntilDueMs,
} from '../../../lib/certificates/renewal-schedule.ts';
import { dayMs, testStart } from '../../support/test-certificates.ts';

const now = testStart;
const later = (ms: number): Date => new Date(now.getTime() + ms);

describe('renewal schedule', () => {
  it('waits until a certificate is due, and looks every hour before', () => {
    expect(waitUntilDueMs(later(5_000), now)).to.equal(5_000);
    expect(waitUntilDueMs(later(30 * dayMs), now)).to.equal(3_600_000);
  });

  it('backs off from failure to failure up to ten minutes', () => {
    const waits = [1, 2, 3, 4, 5, 6, 100].map((failures) =>
      waitAfterFailureMs(new Error(), { failures, leftMs: undefined, now }),
    );
    expect(waits).to.deep.equal([5_000, 15_000, 45_000, 135_000, 405_000, 600_000, 600_000]);
  });

  it('retries sooner the less a certificate has left, but never in a hot loop', () => {
    const wait = (leftMs: number): number =>
      waitAfterFailureMs(new Error(), { failures: 9, leftMs, now });
    expect([dayMs, 90_000, 9_000, 300].map(wait)).to.deep.equal([600_000, 30_000, 3_000, 1_000]);
  });

  it('does not ask an issuer before the time that it named', () => {
    const wait = (ms: number): number =>
      waitAfterFailureMs(new IssuanceDeferredError('limited', later(ms)), {
        failures: 1,
        leftMs: 9_000,
        now,
      });
    expect([-1, 100_000, dayMs].map(wait)).to.deep.equal([3_000, 100_000, 3_600_000]);
  });

  it('waits for a tenth of what is left where an issue changed nothing', () => {
    expect([10 * dayMs, 0].map(waitAfterFutileIssueMs)).to.deep.equal([dayMs, 1_000]);
  });
});
