import { randomInt } from 'node:crypto';
import { expect } from 'chai';
import { compareWithPython } from './address-oracle.ts';

describe('the allow-list against the ipaddress module of Python', () => {
  it('decides 20 000 random pairs the same', async function () {
    this.timeout(60_000);
    const seed = randomInt(2 ** 32);
    console.log(`      seed ${seed}`);
    const { pairs, answers, differences } = await compareWithPython(20_000, seed);
    expect(differences).to.deep.equal([]);
    expect(pairs).to.be.at.least(20_000);
    for (const answer of ['y', 'n', '?']) expect(answers[answer], answer).to.be.above(100);
  });
});
