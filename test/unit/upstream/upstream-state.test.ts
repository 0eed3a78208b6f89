import { expect } from 'chai';
import { mergedStates, type UpstreamState } from '../../../lib/upstream/upstream-state.ts';

const at = (seconds: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds));

function state(changes: Partial<UpstreamState> = {}): UpstreamState {
  return {
    host: 'registry-1.docker.io',
    account: undefined,
    breaker: 'closed',
    rateLimit: undefined,
    ...changes,
  };
}

function quota(remaining: number, seconds: number): UpstreamState['rateLimit'] {
  const seenAt = at(seconds);
  return { limit: 100, remaining, windowSeconds: 21_600, source: '192.0.2.1', seenAt };
}

describe('one way to an upstream, as several workers see it', () => {
  it('has the quota that was told last, whoever was told', () => {
    const [older, newer] = [quota(90, 1), quota(80, 2)];
    for (const limits of [
      [older, newer, undefined],
      [newer, undefined, older],
    ]) {
      const [merged, ...others] = mergedStates(limits.map((rateLimit) => state({ rateLimit })));
      expect(others).to.deep.equal([]);
      expect(merged?.rateLimit).to.equal(newer);
    }
  });

  it('is out where any of them found it so', () => {
    const [merged] = mergedStates([state(), state({ breaker: 'open' }), state()]);
    expect(merged?.breaker).to.equal('open');
  });

  it('is another one with an account', () => {
    const merged = mergedStates([state(), state({ account: 'acme', rateLimit: quota(5, 1) })]);
    expect(merged.map(({ account }) => account)).to.deep.equal([undefined, 'acme']);
    expect(merged[0]?.rateLimit).to.equal(undefined);
  });
});
