import { expect } from 'chai';
import { BufferPool } from '../../../lib/edge/buffer-pool.ts';

const kib = 1024;

describe('BufferPool', () => {
  it('gives the largest size that is wanted', () => {
    const pool = new BufferPool({ budgetBytes: 64 * 1024 * kib, keptBytes: 0 });
    const lengths = [1, 20 * kib, 64 * kib, 300 * kib, 5_000 * kib].map(
      (wanted) => pool.take(wanted).length / kib,
    );
    expect(lengths).to.deep.equal([16, 16, 64, 256, 1024]);
  });

  it('gives smaller ones the more is out, and never refuses', () => {
    const pool = new BufferPool({ budgetBytes: 4 * 1024 * kib, keptBytes: 0 });
    const lengths = Array.from({ length: 200 }, () => pool.take(1024 * kib).length);
    expect(new Set(lengths)).to.deep.equal(new Set([1024, 256, 64, 16].map((size) => size * kib)));
    expect(lengths).to.deep.equal([...lengths].sort((left, right) => right - left));
    // Past its budget it grows by the smallest size alone.
    expect(pool.outBytes).to.be.below(4 * 1024 * kib + 200 * 16 * kib);
  });

  it('uses again what came back, and keeps no more of it than it may', () => {
    const pool = new BufferPool({ budgetBytes: 64 * 1024 * kib, keptBytes: 300 * kib });
    const [first, second] = [pool.take(256 * kib), pool.take(256 * kib)];
    pool.give(first);
    pool.give(second);
    expect(pool.outBytes).to.equal(0);
    expect(pool.take(256 * kib)).to.equal(first);
    expect(pool.take(256 * kib)).to.not.equal(second);
  });

  it('lets large ones go while a crowd is served, and keeps the small ones', () => {
    const pool = new BufferPool({ budgetBytes: 1024 * kib, keptBytes: 1024 * kib });
    const large = pool.take(256 * kib);
    pool.give(large);
    const crowd = Array.from({ length: 64 }, () => pool.take(16 * kib));
    expect(pool.idleBytes).to.equal(0);
    for (const buffer of crowd) pool.give(buffer);
    expect(pool.idleBytes).to.equal(1024 * kib);
    expect(crowd).to.include(pool.take(16 * kib));
  });
});
