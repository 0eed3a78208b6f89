import { expect } from 'chai';
import { noticesOf, type Notice } from '../../../lib/app/notice.ts';
import { rotationStatus } from '../../../lib/ca/rotation-status.ts';
import { rotatingStates } from '../../support/ca/test-authority.ts';
import { dayMs, testStart } from '../../support/test-certificates.ts';

const overlapMs = 30 * dayMs;
const { idle, switched } = rotatingStates();

/** What is told `days` after the new root began to sign, with that many clients that lack it. */
function notices(days: number, clients: number, state = switched): readonly Notice[] {
  const now = new Date(testStart.getTime() + days * dayMs);
  const lacking = Array.from({ length: clients }, (_, index) => ({
    address: `192.0.2.${index + 1}`,
    label: index === 0 ? 'runner-1' : undefined,
    lastSeen: now,
    reason: 'never fetched the bundle',
  }));
  const rotation = rotationStatus(state, now, { overlapMs, steadySince: testStart, lacking });
  const bandwidth = { stage: undefined, usedBytes: 0, monthlyBytes: undefined };
  const gate = { certificates: [], roots: [], bandwidth, ca: () => ({ rotation }) };
  return noticesOf(gate, new Map(), now);
}

describe('notices of an offline root', () => {
  const bandwidth = { stage: undefined, usedBytes: 0, monthlyBytes: undefined };
  const after = (days: number): Date => new Date(testStart.getTime() + days * dayMs);
  const intermediate = { dueAt: after(60), notAfter: after(90) };
  const keys = (days: number, state: 'active' | 'next' | 'retiring') => {
    const root = { state, fingerprint: '', notAfter: after(365), intermediate };
    const gate = { certificates: [], roots: [root], bandwidth, ca: () => undefined };
    return noticesOf(gate, new Map(), after(days)).map(({ key }) => key);
  };

  it('come while its intermediate is to be renewed, unless that signs no more', () => {
    expect(keys(59, 'active')).to.deep.equal([]);
    expect(keys(61, 'active')).to.deep.equal(['intermediate-expires active']);
    expect(keys(91, 'next')).to.deep.equal(['intermediate-expires next']);
    expect(keys(91, 'retiring')).to.deep.equal([]);
  });
});

describe('notices of a rotation', () => {
  it('name the clients that it waits for, the first few', () => {
    const [notice, ...more] = notices(8, 7);
    expect(more).to.deep.equal([]);
    expect(notice?.key).to.equal('rotation-waits');
    expect(notice?.summary).to.match(
      /root: runner-1 \(192\.0\.2\.1\), 192\.0\.2\.2, .*192\.0\.2\.5 and 2 more$/,
    );
  });

  it('are the same while the clients change, so that nobody is told twice', () => {
    const keys = [notices(8, 1), notices(9, 2)].flat().map(({ key }) => key);
    expect(keys).to.deep.equal(['rotation-waits', 'rotation-waits']);
  });

  it('do not come while it waits for a date, for nobody, or does not go on', () => {
    expect([notices(6, 1), notices(8, 0), notices(8, 1, idle)].flat()).to.deep.equal([]);
  });
});
