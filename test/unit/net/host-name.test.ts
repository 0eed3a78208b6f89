import { expect } from 'chai';
import {
  isAddress,
  tryDnsName,
  tryHostHeader,
  tryHostName,
  urlHost,
} from '../../../lib/net/host-name.ts';

describe('a host name', () => {
  const longest = `${'a'.repeat(63)}.`.repeat(3) + 'a'.repeat(61);
  const accepted: readonly (readonly [written: string, canonical: string])[] = [
    ['hub.example.com', 'hub.example.com'],
    ['HUB.Example.COM', 'hub.example.com'],
    ['hub.example.com.', 'hub.example.com'],
    ['localhost', 'localhost'],
    ['1a.2-b', '1a.2-b'],
    ['1.2.3.com', '1.2.3.com'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    [longest, longest],
    [`${longest}.`, longest],
    ['192.0.2.7', '192.0.2.7'],
    ['2001:DB8::7', '2001:db8::7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
  ];
  for (const [written, canonical] of accepted) {
    it(`${written.slice(0, 30)} is ${canonical.slice(0, 30)}`, () => {
      expect(tryHostName(written)).to.equal(canonical);
    });
  }

  const refused = [
    ...['', '.', '..', 'a..b', '.a', 'a..', '-a', 'a-', 'a.-b', 'a_b', 'a b', 'a\n', 'a\0b', 'a:b'],
    ...['*.example.com', 'a/b', 'a@b', 'a%62', 'bücher.example', 'a。b', '[::1]', 'fe80::1%eth0'],
    ...['1.2.3.4.', '1.2.3', '256.1.1.1', '01.2.3.4', '0x7f.1', 'a.0x', 'a.0X7F', 'a.1', '1'],
    ...[`${'a'.repeat(64)}.example`, `${longest}a`, 'a.'.repeat(127) + 'aa'],
  ];
  for (const text of refused) {
    it(`is not ${JSON.stringify(text.slice(0, 30))}`, () => {
      expect(tryHostName(text)).to.equal(undefined);
    });
  }

  it('is not made by lowering: the Kelvin sign is no k, the dotted I no i', () => {
    expect('\u212a'.toLowerCase()).to.equal('k');
    for (const text of ['\u212aube.example', 'h\u0130.example', 'ﬁ.example', 'ｋ.example']) {
      expect(tryDnsName(text), text).to.equal(undefined);
    }
  });

  it('of a TLS client is never an address', () => {
    for (const text of ['192.0.2.7', '::1', '2001:db8::7', '[::1]', '1.2.3.4.']) {
      expect(tryDnsName(text), text).to.equal(undefined);
    }
    expect(tryDnsName('HUB.example.com.')).to.equal('hub.example.com');
  });

  it('that is an address is one, and stands in brackets in a URL where it is IPv6', () => {
    const hosts = ['hub.example.com', '192.0.2.7', '2001:db8::7'].map(tryHostName);
    expect(hosts.map((host) => host && isAddress(host))).to.deep.equal([false, true, true]);
    expect(hosts.map((host) => host && urlHost(host))).to.deep.equal([
      'hub.example.com',
      '192.0.2.7',
      '[2001:db8::7]',
    ]);
  });
});

describe('a Host header', () => {
  const accepted: readonly (readonly [header: string, host: string])[] = [
    ['hub.example.com', 'hub.example.com'],
    ['HUB.example.com.:443', 'hub.example.com'],
    ['hub.example.com:', 'hub.example.com'],
    ['192.0.2.7:65535', '192.0.2.7'],
    ['[2001:DB8::7]', '2001:db8::7'],
    ['[::1]:8443', '::1'],
  ];
  for (const [header, host] of accepted) {
    it(`"${header}" names ${host}`, () => {
      expect(tryHostHeader(header)).to.equal(host);
    });
  }

  const refused = [
    ...[
      '',
      ':',
      ':443',
      'hub:65536',
      'hub:443:443',
      'hub:a',
      'hub:-1',
      'hub:+1',
      'hub:443 ',
      ' hub',
    ],
    ...[
      'a@hub',
      'hub/path',
      'hub?x',
      'hub#x',
      'hub,other',
      'hub other',
      'hub\t',
      'hub\0',
      'http://hub',
    ],
    ...[
      '::1',
      '2001:db8::7:443',
      '[::1',
      '::1]',
      '[::1]x',
      '[::1]:x',
      '[192.0.2.7]',
      '[hub]',
      '[]',
    ],
    ...['[fe80::1%25eth0]', '[v1.x]', 'h%75b', 'hüb', 'hub:000443', 'a'.repeat(255), '[[::1]]'],
  ];
  for (const header of refused) {
    it(`is not ${JSON.stringify(header.slice(0, 30))}`, () => {
      expect(tryHostHeader(header)).to.equal(undefined);
    });
  }

  it('of any length is judged at once', () => {
    const started = performance.now();
    for (const part of ['a', 'a.', ':', '[', '1', '-']) tryHostHeader(part.repeat(500_000));
    expect(performance.now() - started).to.be.below(2_000);
  });
});
