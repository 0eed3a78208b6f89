import { expect } from 'chai';
import { readInterface, sentBetween } from '../../../lib/budget/interface-counter.ts';

describe('interface counter', () => {
  const at = (sentBytes: number, bootId = 'one') => ({ bootId, sentBytes });

  it('counts on within a boot, and from nothing after one', () => {
    expect(sentBetween(at(100), at(150))).to.equal(50);
    expect(sentBetween(at(100), at(150, 'two'))).to.equal(150);
  });

  it('takes a counter that went back for a new one', () => {
    expect(sentBetween(at(100), at(30))).to.equal(30);
  });

  it('reads the kernel, and fails for an interface that is not there', async () => {
    const { bootId, sentBytes } = await readInterface('lo');
    expect(bootId).to.match(/^[0-9a-f-]{36}$/);
    expect(sentBytes).to.be.a('number').above(-1);
    const failure: unknown = await readInterface('nonesuch0').catch((error: unknown) => error);
    expect(failure).to.have.property('code', 'ENOENT');
  });
});
