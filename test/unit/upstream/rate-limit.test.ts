import { expect } from 'chai';
import { tryRateLimit } from '../../../lib/upstream/rate-limit.ts';

const seenAt = new Date('2026-11-01T00:00:00Z');

describe('tryRateLimit', () => {
  it("reads Docker Hub's headers", () => {
    const headers = new Map([
      ['ratelimit-limit', ['100;w=21600']],
      ['ratelimit-remaining', ['76;w=21600']],
      ['docker-ratelimit-source', ['203.0.113.7']],
    ]);
    expect(tryRateLimit(headers, seenAt)).to.deep.equal({
      limit: 100,
      remaining: 76,
      windowSeconds: 21_600,
      source: '203.0.113.7',
      seenAt,
    });
  });

  it('reads a bare count', () => {
    const headers = new Map([['ratelimit-remaining', ['5']]]);
    expect(tryRateLimit(headers, seenAt)).to.deep.equal({
      limit: undefined,
      remaining: 5,
      windowSeconds: undefined,
      source: undefined,
      seenAt,
    });
  });

  for (const text of ['', 'many', '-1;w=1', '1e3', '100;w=', '100;x=1', '1, 2']) {
    it(`takes ${JSON.stringify(text)} for no quota`, () => {
      expect(tryRateLimit(new Map([['ratelimit-limit', [text]]]), seenAt)).to.equal(undefined);
    });
  }
});
