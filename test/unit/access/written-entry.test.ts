import { expect } from 'chai';
import { parseEntry, scopeKey, type UnplacedEntry } from '../../../lib/access/written-entry.ts';

function entryOf(written: unknown): UnplacedEntry {
  const result = parseEntry(written);
  if (result.kind === 'invalid') throw new TypeError(JSON.stringify(result.findings));
  return result.entry;
}

/** The places of what is wrong, and what to do about each. */
function fixesOf(written: unknown): [string, string | undefined][] {
  const result = parseEntry(written);
  if (result.kind === 'entry') throw new TypeError(`accepted as ${result.entry.cidr}`);
  return result.findings.map(({ path, fix }) => [path.join('.'), fix]);
}

describe('an entry of the allow-list', () => {
  const accepted: readonly (readonly [string, string])[] = [
    ['203.0.113.7', '203.0.113.7/32'],
    ['203.0.113.7/32', '203.0.113.7/32'],
    ['203.0.113.0/24', '203.0.113.0/24'],
    ['128.0.0.0/1', '128.0.0.0/1'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['0.0.0.0', '0.0.0.0/32'],
    ['255.255.255.255', '255.255.255.255/32'],
    ['2001:db8::', '2001:db8::/128'],
    ['2001:db8::/32', '2001:db8::/32'],
    ['2001:DB8:0:0:0:0:0:7', '2001:db8::7/128'],
    ['2001:0db8:0000::0007', '2001:db8::7/128'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201/128'],
    ['64:ff9b::/96', '64:ff9b::/96'],
    ['2002:cb00:7107::/48', '2002:cb00:7107::/48'],
    ['::1', '::1/128'],
    ['::', '::/128'],
    ['::/0', '::/0'],
    ['fe80::/10', 'fe80::/10'],
  ];
  for (const [written, canonical] of accepted) {
    it(`reads ${written} as ${canonical}`, () => {
      expect(entryOf(written).cidr).to.equal(canonical);
      expect(entryOf({ cidr: written })).to.deep.equal(entryOf(written));
    });
  }

  const refused: readonly (readonly [spelling: string, why: string])[] = [
    ['010.0.0.1', 'octal'],
    ['127.0.0.01', 'octal'],
    ['0177.0.0.1', 'octal'],
    ['00.0.0.0/0', 'octal'],
    ['0x7f.0.0.1', 'hexadecimal'],
    ['0x7f000001', 'hexadecimal'],
    ['2130706433', 'one number'],
    ['127.1', 'short form'],
    ['10/8', 'short form'],
    ['10.0/16', 'short form'],
    ['10.0.0.0/8/8', 'two prefixes'],
    ['10.0.0.256', 'out of range'],
    ['10.0.0.-1', 'negative'],
    ['-10.0.0.1', 'negative'],
    ['10.0.0.0.0', 'five numbers'],
    ['10.0.0.', 'cut'],
    ['10..0.1', 'cut'],
    ['10.0.0.1/', 'empty prefix'],
    ['10.0.0.0/-8', 'negative prefix'],
    ['10.0.0.0/+8', 'signed prefix'],
    ['10.0.0.0/08', 'octal prefix'],
    ['10.0.0.0/0x8', 'hexadecimal prefix'],
    ['10.0.0.0/8.0', 'fraction'],
    ['10.0.0.0/1e1', 'exponent'],
    ['10.0.0.0/33', 'too long a prefix'],
    ['10.0.0.0/999', 'too long a prefix'],
    ['2001:db8::/129', 'too long a prefix'],
    ['10.0.0.0/255.0.0.0', 'netmask'],
    ['10.0.0.0 /8', 'space'],
    ['10.0.0.0/ 8', 'space'],
    [' 10.0.0.1', 'space'],
    ['10.0.0.1 ', 'space'],
    ['10.0.0.1\n', 'line end'],
    ['10.0.0.1\0', 'NUL'],
    ['10.0.0.1-10.0.0.9', 'range'],
    ['10.0.0.1,10.0.0.2', 'two'],
    ['10.0.0.1; 10.0.0.2', 'two'],
    ['10.0.0.*', 'wildcard'],
    ['10.0.0.1:443', 'port'],
    ['[::1]', 'brackets'],
    ['[::1]:443', 'brackets'],
    ['１０.0.0.1', 'full-width digits'],
    ['١٠.0.0.1', 'Arabic digits'],
    ['10。0。0。1', 'ideographic dots'],
    ['localhost', 'name'],
    ['runner.example.com', 'name'],
    ['all', 'word'],
    ['*', 'word'],
    ['', 'nothing'],
    ['/', 'nothing'],
    ['/24', 'no address'],
    ['fe80::1%eth0', 'zone'],
    ['fe80::%eth0/64', 'zone'],
    ['fe80::1%25eth0', 'zone'],
    ['::ffff:203.0.113.7', 'IPv4-mapped'],
    ['::ffff:203.0.113.0/120', 'IPv4-mapped'],
    ['::FFFF:cb00:7107', 'IPv4-mapped'],
    ['0:0:0:0:0:ffff:cb00:7107/128', 'IPv4-mapped'],
    ['::ffff:0:0/96', 'IPv4-mapped'],
    ['::ffff:0.0.0.0/0', 'IPv4-mapped'],
    ['1::2::3', 'two gaps'],
    [':::', 'three colons'],
    ['1:2:3:4:5:6:7', 'seven groups'],
    ['1:2:3:4:5:6:7:8:9', 'nine groups'],
    ['1::2:3:4:5:6:7:8', 'a gap for nothing'],
    ['12345::', 'five digits'],
    ['g::', 'no digit'],
    ['::1.2.3', 'short form'],
    ['::1.2.3.04', 'octal'],
  ];
  for (const [written, why] of refused) {
    it(`refuses ${JSON.stringify(written)} (${why})`, () => {
      expect(fixesOf(written).map(([place]) => place)).to.deep.equal(['']);
      expect(fixesOf({ cidr: written }).map(([place]) => place)).to.deep.equal(['cidr']);
    });
  }

  const hostBits: readonly (readonly [string, string, string])[] = [
    ['203.0.113.7/24', '203.0.113.0/24', '203.0.113.7/32'],
    ['10.0.0.1/8', '10.0.0.0/8', '10.0.0.1/32'],
    ['10.0.0.1/0', '0.0.0.0/0', '10.0.0.1/32'],
    ['203.0.113.1/31', '203.0.113.0/31', '203.0.113.1/32'],
    ['2001:db8::1/64', '2001:db8::/64', '2001:db8::1/128'],
    ['2001:db8::1/127', '2001:db8::/127', '2001:db8::1/128'],
  ];
  for (const [written, block, address] of hostBits) {
    it(`refuses the host bits of ${written} and names both things that may be meant`, () => {
      const [[, fix] = []] = fixesOf(written);
      expect(fix).to.include(block).and.to.include(address);
    });
  }

  it('may have label, mirrors and expiry', () => {
    const written = {
      cidr: '::1',
      label: 'a b',
      mirrors: ['hub'],
      expires: '2026-12-31T00:00:00Z',
    };
    expect(entryOf(written)).to.deep.equal({
      cidr: '::1/128',
      label: 'a b',
      mirrors: ['hub'],
      expires: new Date('2026-12-31T00:00:00Z'),
    });
  });

  it('tells every problem of its keys at once', () => {
    const written = { cidr: '10.1', label: '', mirrors: [], expires: 'soon', mirror: 'hub' };
    const places = fixesOf(written).map(([place]) => place);
    expect(places).to.have.members(['cidr', 'label', 'mirrors', 'expires', 'mirror']);
    for (const [place, fix] of fixesOf(written)) expect(fix, place).to.be.a('string');
  });

  it('refuses values of another kind, with a remedy for each', () => {
    const ill = { cidr: 7, label: 42, mirrors: 'hub', expires: 2026 };
    expect(fixesOf(ill).map(([place]) => place)).to.have.members(Object.keys(ill));
    expect(
      fixesOf({ cidr: '::1', mirrors: ['hub', 5, null] }).map(([place]) => place),
    ).to.deep.equal(['mirrors.1', 'mirrors.2']);
    for (const [place, fix] of fixesOf(ill)) expect(fix, place).to.be.a('string');
    const odd = [null, 7, 10.5, true, [], ['::1'], {}, { '2001:db8:': null }];
    for (const written of odd) expect(fixesOf(written)).to.have.length(1);
  });

  it('refuses labels that could break a log line', () => {
    for (const label of ['a\nb', 'a\u001b[2J', 'a\u2028b', 'x'.repeat(65)]) {
      expect(fixesOf({ cidr: '::1', label }).map(([place]) => place)).to.deep.equal(['label']);
    }
  });

  it('has the same scope as another where both name the same mirrors in any order', () => {
    const key = (cidr: string, mirrors?: string[]) => scopeKey(entryOf({ cidr, mirrors }));
    expect(key('::1', ['b', 'a', 'a'])).to.equal(key('::1/128', ['a', 'b']));
    expect(key('::1', ['a'])).not.to.equal(key('::1'));
    expect(key('::1')).not.to.equal(key('::2'));
  });
});
