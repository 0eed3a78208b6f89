import { expect } from 'chai';
import { indexCidrs, type CidrIndex } from '../../../lib/access/cidr-index.ts';
import { tryAddress } from '../../../lib/net/address.ts';
import { parseCidr } from '../../../lib/net/cidr.ts';

function indexOf(...blocks: readonly string[]): CidrIndex<string> {
  return indexCidrs(
    blocks.map((text) => {
      const result = parseCidr(text);
      if (result.kind === 'invalid') throw new TypeError(result.reason);
      return { cidr: result.cidr, value: text };
    }),
  );
}

function around(index: CidrIndex<string>, address: string): string[] {
  return index.containing(tryAddress(address) ?? new Uint8Array());
}

describe('the index of CIDR blocks', () => {
  it('without blocks finds nothing', () => {
    expect(around(indexOf(), '10.0.0.1')).to.deep.equal([]);
    expect(around(indexOf(), '::1')).to.deep.equal([]);
  });

  it('finds nested blocks from the narrowest to the widest', () => {
    const index = indexOf('10.1.2.0/24', '10.0.0.0/8', '10.1.2.3', '10.1.0.0/16', '10.1.3.0/24');
    expect(around(index, '10.1.2.3')).to.deep.equal([
      '10.1.2.3',
      '10.1.2.0/24',
      '10.1.0.0/16',
      '10.0.0.0/8',
    ]);
    expect(around(index, '10.1.4.1')).to.deep.equal(['10.1.0.0/16', '10.0.0.0/8']);
  });

  it('looks past the blocks that end before the address', () => {
    const index = indexOf('10.0.0.0/8', '10.0.0.0/24', '10.0.1.0/24', '10.0.1.7');
    expect(around(index, '10.0.2.1')).to.deep.equal(['10.0.0.0/8']);
    expect(around(index, '11.0.0.0')).to.deep.equal([]);
    expect(around(index, '9.255.255.255')).to.deep.equal([]);
  });

  it('keeps the values of one block in the order in which they came', () => {
    expect(around(indexOf('10.0.0.1/32', '10.0.0.1'), '10.0.0.1')).to.deep.equal([
      '10.0.0.1/32',
      '10.0.0.1',
    ]);
  });

  it('never mixes the families', () => {
    const index = indexOf('::/0', '0.0.0.0/0');
    expect(around(index, '10.0.0.1')).to.deep.equal(['0.0.0.0/0']);
    expect(around(index, '::ffff:10.0.0.1')).to.deep.equal(['0.0.0.0/0']);
    expect(around(index, '::1')).to.deep.equal(['::/0']);
  });
});
