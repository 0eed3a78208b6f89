import { expect } from 'chai';
import { addressText, tryAddress, tryPeerAddress } from '../../../lib/net/address.ts';
import { SeededRandom } from '../../support/edge/seeded-random.ts';

function textOf(text: string): string | undefined {
  const bytes = tryAddress(text);
  return bytes && addressText(bytes);
}

describe('an address', () => {
  const spellings: readonly (readonly [written: string, canonical: string])[] = [
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['::1', '::1'],
    ['2001:DB8::00A1', '2001:db8::a1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
    ['1:2:3:4:5:6:255.255.0.1', '1:2:3:4:5:6:ffff:1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:0201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:0:192.0.2.1', '::ffff:0:c000:201'],
    ['::fffe:192.0.2.1', '::fffe:c000:201'],
    ['1::ffff:192.0.2.1', '1::ffff:c000:201'],
  ];
  for (const [written, canonical] of spellings) {
    it(`${written} is ${canonical}`, () => {
      expect(textOf(written)).to.equal(canonical);
      expect(textOf(canonical)).to.equal(canonical);
    });
  }

  // A peer ::a.b.c.d passed for a.b.c.d of the allow-list.
  it('that is IPv4-compatible is no IPv4 address', () => {
    expect(textOf('::192.0.2.1')).to.equal('::c000:201');
    expect(tryPeerAddress('::192.0.2.1')).to.have.length(16);
    expect(textOf('::0.0.0.1')).to.equal('::1');
    expect(textOf('0::10.0.0.1')).to.equal('::a00:1');
  });

  const refused = [
    ...['', ' ', '1', '1.2.3', '1.2.3.4.5', '1.2.3.256', '1.2.3.-1', '1.2.3.4 ', ' 1.2.3.4'],
    ...['01.2.3.4', '1.2.3.04', '0x7f.0.0.1', '0177.0.0.1', '2130706433', '127.1', '1.2.3.4\n'],
    ...['1.2.3.4%eth0', 'fe80::1%eth0', 'fe80::1%25eth0', '[::1]', '::1/128', '1.2.3.4:80', ':::'],
    ...['1::2::3', '12345::', 'g::', '::1.2.3', '::01.2.3.4', '::1.2.3.256', '::ffff:1.2.3.4.5'],
    ...['1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7:1.2.3.4', 'localhost', '１.2.3.4'],
  ];
  for (const text of refused) {
    it(`is not ${JSON.stringify(text)}`, () => {
      expect(tryAddress(text)).to.equal(undefined);
    });
  }

  it('of a peer loses its zone, and nothing else', () => {
    expect(tryPeerAddress('fe80::1%eth0')).to.deep.equal(tryAddress('fe80::1'));
    expect(tryPeerAddress('::ffff:192.0.2.1')).to.deep.equal(Uint8Array.of(192, 0, 2, 1));
    expect(tryPeerAddress('%eth0')).to.equal(undefined);
    expect(tryPeerAddress('')).to.equal(undefined);
    expect(tryPeerAddress(undefined)).to.equal(undefined);
  });

  it('has one spelling for the same bytes, whatever they are', () => {
    const random = SeededRandom.announced('addresses');
    for (let round = 0; round < 5_000; round += 1) {
      const bytes = Uint8Array.from(random.bytes(random.pick([4, 16])), (byte) =>
        random.below(2) === 0 ? 0 : byte,
      );
      const groups = Array.from({ length: 8 }, (_, at) =>
        (((bytes[at * 2] ?? 0) << 8) | (bytes[at * 2 + 1] ?? 0)).toString(16),
      );
      const long = bytes.length === 4 ? bytes.join('.') : groups.join(':');
      expect(tryAddress(long), long).to.deep.equal(bytes);
      expect(tryAddress(addressText(bytes)), long).to.deep.equal(bytes);
      expect(addressText(bytes), long).to.have.length.at.most(long.length);
      if (bytes.length === 16) {
        const quad = `${groups.slice(0, 6).join(':')}:${bytes.slice(12).join('.')}`;
        expect(tryAddress(quad), quad).to.deep.equal(bytes);
      }
    }
  });
});
