import { expect } from 'chai';
import { tryRetryAfter } from '../../../lib/upstream/retry-after.ts';

const now = new Date('2026-11-01T12:00:00Z');

describe('tryRetryAfter', () => {
  const rows: readonly (readonly [string | undefined, number | undefined])[] = [
    [undefined, undefined],
    ['0', 0],
    ['120', 120],
    [' 7 ', 7],
    ['999999999999', 86_400],
    ['Sun, 01 Nov 2026 12:00:30 GMT', 30],
    ['Sun, 01 Nov 2026 11:00:00 GMT', 0],
    ['Mon, 01 Nov 2027 12:00:00 GMT', 86_400],
    ['-1', undefined],
    ['1.5', undefined],
    ['soon', undefined],
    ['2026-11-01T12:00:30Z', undefined],
    ['Sun, 99 Nov 2026 12:00:30 GMT', undefined],
  ];
  for (const [text, seconds] of rows) {
    it(`reads ${JSON.stringify(text ?? null)} as ${String(seconds)}`, () => {
      expect(tryRetryAfter(text, now)).to.equal(seconds);
    });
  }
});
