import { expect } from 'chai';
import { chooseWorker } from '../../../lib/net/worker-choice.ts';

const keys = Array.from({ length: 4_000 }, (_, index) => `hub/library/name-${index}`);

describe('chooseWorker', () => {
  it('chooses the only worker there is', () => {
    expect(keys.every((key) => chooseWorker(key, 1) === 0)).to.equal(true);
  });

  it('says the same in every process and release', () => {
    const chosen = ['hub/library/alpine', `sha256:${'a'.repeat(64)}`, ''].map((key) =>
      chooseWorker(key, 5),
    );
    expect(chosen).to.deep.equal(expectedChoices);
  });

  it('gives each worker about its share', () => {
    for (const count of [2, 3, 8]) {
      const shares = Array.from({ length: count }, () => 0);
      for (const key of keys) {
        const index = chooseWorker(key, count);
        shares[index] = (shares[index] ?? NaN) + 1;
      }
      const fair = keys.length / count;
      for (const share of shares) expect(share).to.be.within(fair * 0.8, fair * 1.2);
    }
  });

  it('moves only what a new worker takes over', () => {
    for (const count of [1, 2, 4]) {
      const moved = keys.filter((key) => chooseWorker(key, count) !== chooseWorker(key, count + 1));
      expect(moved.every((key) => chooseWorker(key, count + 1) === count)).to.equal(true);
      const fair = keys.length / (count + 1);
      expect(moved.length).to.be.within(fair * 0.8, fair * 1.2);
    }
  });
});

/** Computed once; another result would leave every cache cold after an upgrade. */
const expectedChoices = [4, 0, 0];
