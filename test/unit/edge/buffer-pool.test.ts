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

  it('shares its budget among its takers, and never refuses', () => {
    const pool = new BufferPool({ budgetBytes: 8 * 1024 * kib, keptBytes: 0 });
    const lengths: number[] = [];
    for (let takers = 1; takers <= 1000; takers += 1) {
      pool.enter();
      lengths.push(pool.take(1024 * kib).length / kib);
    }
    const last = (size: number): number => lengths.lastIndexOf(size) + 1;
    expect([1024, 256, 64, 16].map(last)).to.deep.equal([8, 32, 128, 1000]);
    for (let takers = 1; takers < 1000; takers += 1) pool.leave();
    expect(pool.take(1024 * kib)).to.have.length(1024 * kib);
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

  it('lets go of what is larger than a share, idle or given back, and keeps the small ones', () => {
    const pool = new BufferPool({ budgetBytes: 1024 * kib, keptBytes: 1024 * kib });
    pool.enter();
    const [idle, out] = [pool.take(256 * kib), pool.take(256 * kib)];
    pool.give(idle);
    expect(pool.idleBytes).to.equal(256 * kib);
    for (let takers = 1; takers < 64; takers += 1) pool.enter();
    expect(pool.idleBytes).to.equal(0);
    pool.give(out);
    expect(pool.idleBytes).to.equal(0);
    const small = pool.take(256 * kib);
    expect(small).to.have.length(16 * kib);
    pool.give(small);
    expect(pool.take(256 * kib)).to.equal(small);
  });

  it('keeps a small one for each of a crowd, as long as it is there', () => {
    const pool = new BufferPool({ budgetBytes: 64 * kib, keptBytes: 64 * kib });
    const crowd = Array.from({ length: 100 }, () => {
      pool.enter();
      return pool.take(16 * kib);
    });
    for (const buffer of crowd) pool.give(buffer);
    // The first few were larger.
    expect(pool.idleBytes).to.be.above(90 * 16 * kib);
    for (let left = 0; left < 100; left += 1) pool.leave();
    expect(pool.idleBytes).to.equal(64 * kib);
  });
});
