import { expect } from 'chai';
import { tryAddress } from '../../../lib/net/address.ts';
import {
  cidrContains,
  cidrText,
  maskAddress,
  parseCidr,
  type Cidr,
} from '../../../lib/net/cidr.ts';
import { SeededRandom } from '../../support/edge/seeded-random.ts';

function cidr(text: string): Cidr {
  const result = parseCidr(text);
  if (result.kind === 'invalid') throw new TypeError(result.reason);
  return result.cidr;
}

function contains(block: string, address: string): boolean {
  return cidrContains(cidr(block), tryAddress(address) ?? new Uint8Array());
}

describe('a CIDR block', () => {
  const accepted: readonly (readonly [written: string, canonical: string])[] = [
    ['203.0.113.7', '203.0.113.7/32'],
    ['203.0.113.0/24', '203.0.113.0/24'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['128.0.0.0/1', '128.0.0.0/1'],
    ['2001:DB8::/32', '2001:db8::/32'],
    ['::/0', '::/0'],
    ['::1', '::1/128'],
    ['::192.0.2.1', '::c000:201/128'],
  ];
  for (const [written, canonical] of accepted) {
    it(`${written} is ${canonical}`, () => {
      expect(cidrText(cidr(written))).to.equal(canonical);
    });
  }

  const refused: readonly (readonly [written: string, fix: string])[] = [
    ['10.0.0.1/8', '10.0.0.0/8'],
    ['2001:db8::1/32', '2001:db8::/32'],
    ['10.0.0.0/33', '0 to 32'],
    ['::/129', '0 to 128'],
    ['10.0.0.0/08', '0 to 32'],
    ['10.0.0.0/', '0 to 32'],
    ['10.0.0.0/+8', '0 to 32'],
    ['10.0.0.0/8.0', '0 to 32'],
    ['10.0.0.0/255.0.0.0', '0 to 32'],
    ['10.0.0.0/-1', '0 to 32'],
    ['10.0.0.0/1e1', '0 to 32'],
    ['10.0.0.0/8/8', '203.0.113.0/24'],
    ['010.0.0.0/8', '203.0.113.0/24'],
    ['10/8', '203.0.113.0/24'],
    ['', '203.0.113.0/24'],
    ['/8', '203.0.113.0/24'],
    ['localhost/8', '203.0.113.0/24'],
    ['fe80::%eth0/10', '203.0.113.0/24'],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
  ];
  for (const [written, fix] of refused) {
    it(`is not "${written}"; the fix names ${fix}`, () => {
      const result = parseCidr(written);
      expect(result.kind).to.equal('invalid');
      if (result.kind === 'invalid') expect(result.fix).to.contain(fix);
    });
  }

  it('holds its first and its last address, and none beside them', () => {
    for (const [block, first, last, below, above] of [
      ['10.0.0.0/9', '10.0.0.0', '10.127.255.255', '9.255.255.255', '10.128.0.0'],
      ['203.0.113.6/31', '203.0.113.6', '203.0.113.7', '203.0.113.5', '203.0.113.8'],
      [
        '2001:db8:8000::/33',
        '2001:db8:8000::',
        '2001:db8:ffff:ffff::',
        '2001:db8:7fff::',
        '2001:db9::',
      ],
    ] as const) {
      expect([first, last].map((address) => contains(block, address))).to.deep.equal([true, true]);
      expect([below, above].map((address) => contains(block, address))).to.deep.equal([
        false,
        false,
      ]);
    }
  });

  it('never holds an address of the other family', () => {
    expect(contains('::/0', '10.0.0.1')).to.equal(false);
    expect(contains('::/0', '::ffff:10.0.0.1')).to.equal(false);
    expect(contains('0.0.0.0/0', '::1')).to.equal(false);
    expect(contains('0.0.0.0/0', '::10.0.0.1')).to.equal(false);
    expect(contains('10.0.0.0/8', '::ffff:10.0.0.1')).to.equal(true);
  });

  it('holds just the addresses that its mask makes its network', () => {
    const random = SeededRandom.announced('blocks');
    for (let round = 0; round < 5_000; round += 1) {
      const size = random.pick([4, 16]);
      const prefixLength = random.below(size * 8 + 1);
      const network = maskAddress(random.bytes(size), prefixLength);
      expect(cidr(cidrText({ network, prefixLength }))).to.deep.equal({ network, prefixLength });
      const near = Uint8Array.from(network);
      const bit = random.below(size * 8);
      near[bit >> 3] = (near[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
      const told = cidrText({ network, prefixLength });
      expect(cidrContains({ network, prefixLength }, near), told).to.equal(bit >= prefixLength);
    }
  });
});
