import { expect } from 'chai';
import { buildAllowList } from '../../../lib/access/allow-list.ts';
import { explainDecision, type Decision } from '../../../lib/access/decision.ts';
import { parsedList } from '../../support/edge/test-allow-list.ts';
import { errorOf } from '../../support/rejection.ts';

const now = new Date('2026-11-01T00:00:00Z');
const knownNames = ['hub', 'ghcr'];
const text = `allow:
  - 203.0.113.0/24
  - {cidr: 198.51.100.0/24, mirrors: [hub]}
  - {cidr: 198.51.100.7, mirrors: [ghcr]}
  - {cidr: 192.0.2.0/24, expires: 2026-10-01}
  - {cidr: 192.0.2.7, mirrors: [hub]}
  - "fe80::/10"
`;
const list = buildAllowList(parsedList(text, knownNames));

function decide(address: string, mirror?: string): Decision {
  return explainDecision(list, { address, mirror, knownNames, now });
}

describe('the decision on an address', () => {
  const decisions: readonly (readonly [string, string | undefined, string, number | undefined])[] =
    [
      ['203.0.113.7', undefined, 'allowed', 2],
      ['203.0.113.7', 'ghcr', 'allowed', 2],
      ['::ffff:203.0.113.7', undefined, 'allowed', 2],
      ['198.51.100.7', undefined, 'allowed', 4],
      ['198.51.100.7', 'ghcr', 'allowed', 4],
      ['198.51.100.7', 'hub', 'allowed', 3],
      ['198.51.100.8', 'ghcr', 'out-of-scope', 3],
      ['192.0.2.1', undefined, 'expired', 5],
      ['192.0.2.7', 'hub', 'allowed', 6],
      ['192.0.2.7', 'ghcr', 'out-of-scope', 6],
      ['192.0.1.7', undefined, 'not-listed', undefined],
      ['2001:db8::1', 'hub', 'not-listed', undefined],
      ['fe80::1%eth0', undefined, 'allowed', 7],
    ];
  for (const [address, mirror, verdict, line] of decisions) {
    it(`${address} for ${mirror ?? 'anything'} is ${verdict} by line ${line ?? 'none'}`, () => {
      const decision = decide(address, mirror);
      expect(decision.kind === 'denied' ? decision.reason : decision.kind).to.equal(verdict);
      expect(decision.entry?.line).to.equal(line);
    });
  }

  it('is told for the canonical address', () => {
    expect(decide('::ffff:CB00:7107').address).to.equal('203.0.113.7');
  });

  it('is not made for what is no address or no mirror', () => {
    for (const address of ['', 'localhost', '203.0.113.0/24', '203.0.113.07', '127.1']) {
      expect(errorOf(() => decide(address)).code).to.equal('MIRRORGATE_ACCESS_ARGUMENT');
    }
    expect(errorOf(() => decide('203.0.113.7', 'npm')).code).to.equal('MIRRORGATE_ACCESS_ARGUMENT');
  });
});
