import { expect } from 'chai';
import { ClientShares } from '../../../lib/budget/client-shares.ts';

describe('ClientShares', () => {
  it("parts a client's rate by the connections that each edge has", () => {
    const shares = new ClientShares();
    shares.set('edge-1', [
      ['a', 3],
      ['b', 2],
    ]);
    shares.set('edge-2', [['a', 1]]);
    expect(shares.all()).to.deep.equal(
      new Map([
        [
          'edge-1',
          new Map([
            ['a', 0.75],
            ['b', 1],
          ]),
        ],
        ['edge-2', new Map([['a', 0.25]])],
      ]),
    );
    shares.forget('edge-1');
    expect(shares.all()).to.deep.equal(new Map([['edge-2', new Map([['a', 1]])]]));
  });
});
