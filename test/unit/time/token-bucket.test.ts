import { expect } from 'chai';
import { TokenBucket } from '../../../lib/time/token-bucket.ts';

const piece = 64 * 1024;

describe('TokenBucket', () => {
  let nowMs: number;
  const bucketOf = (perSecond: number): TokenBucket => new TokenBucket(perSecond, () => nowMs);

  beforeEach(() => (nowMs = 1_000));

  it('lets one piece through at once, however low the rate', () => {
    const bucket = bucketOf(1_000);
    expect(bucket.take(piece)).to.equal(0);
    expect(bucket.take(1_000)).to.equal(1_000);
  });

  it('queues those who take more, one behind the other', () => {
    const bucket = bucketOf(piece);
    bucket.take(piece);
    expect([1, 2, 3].map(() => bucket.take(piece))).to.deep.equal([1_000, 2_000, 3_000]);
  });

  it('keeps its rate over any pattern of takers that wait', () => {
    const bucket = bucketOf(1e6);
    let [taken, seed] = [0, 7];
    const waits = [0, 0, 0, 0];
    while (nowMs < 61_000) {
      for (const [taker, untilMs] of waits.entries()) {
        if (untilMs > nowMs) continue;
        seed = (seed * 48_271) % 2_147_483_647;
        const bytes = 1 + (seed % 90_000);
        taken += bytes;
        waits[taker] = nowMs + bucket.take(bytes);
      }
      nowMs += 1;
    }
    expect(taken).to.be.within(0.99 * 60e6, 1.01 * 60e6);
  });

  it('saves up no more than a tenth of a second', () => {
    const bucket = bucketOf(10e6);
    nowMs += 3_600_000;
    expect(bucket.isFull).to.equal(true);
    expect(bucket.take(1e6)).to.equal(0);
    expect(bucket.take(10e6)).to.equal(1_000);
    expect(bucket.isFull).to.equal(false);
  });

  it('goes on at a new rate with its debts', () => {
    const bucket = bucketOf(piece);
    bucket.take(3 * piece);
    nowMs += 1_000;
    bucket.setRate(2 * piece);
    expect(bucket.take(0)).to.equal(500);
  });
});
