import { expect } from 'chai';
import { addressText, type AddressBytes } from '../../../lib/net/address.ts';
import { tryForwardedClient } from '../../../lib/net/forwarded-for.ts';

const proxies = ['192.0.2.1', '192.0.2.2', '2001:db8::1'];
const isTrusted = (address: AddressBytes): boolean => proxies.includes(addressText(address));

function clientOf(header: string): string | undefined {
  const bytes = tryForwardedClient(header, isTrusted);
  return bytes && addressText(bytes);
}

describe('tryForwardedClient', () => {
  it('takes the rightmost address that no trusted proxy has', () => {
    expect(clientOf('198.51.100.7')).to.equal('198.51.100.7');
    expect(clientOf('203.0.113.1, 198.51.100.7')).to.equal('198.51.100.7');
    expect(clientOf('203.0.113.1, 198.51.100.7, 192.0.2.2,192.0.2.1')).to.equal('198.51.100.7');
    expect(clientOf('198.51.100.7\t ,\t2001:db8::1')).to.equal('198.51.100.7');
    expect(clientOf('2001:db8:1::7')).to.equal('2001:db8:1::7');
  });

  it('takes the leftmost where all are trusted: the first proxy asks for itself', () => {
    expect(clientOf('192.0.2.1, 192.0.2.2')).to.equal('192.0.2.1');
  });

  it('does not look at what a client wrote left of it', () => {
    expect(clientOf('unknown, <script>, 127.0.0.1:80, 198.51.100.7')).to.equal('198.51.100.7');
  });

  it('takes a mapped address for the IPv4 address that it is', () => {
    expect(clientOf('203.0.113.1, ::ffff:192.0.2.2')).to.equal('203.0.113.1');
  });

  it('refuses what is no address where it decides', () => {
    for (const header of [
      '',
      ' ',
      ',',
      '198.51.100.7,',
      '198.51.100.7, ',
      'unknown',
      'localhost',
      '198.51.100.7:5000',
      '[2001:db8:1::7]',
      '"198.51.100.7"',
      '198.51.100.07',
      '198.51.100',
      '0x7f.1',
      'fe80::1%eth0',
      'for=198.51.100.7',
      '198.51.100.7 203.0.113.1',
      '198.51.100.7\u00a0',
      '198.51.100.7, x, 192.0.2.1',
    ]) {
      expect(clientOf(header), header).to.equal(undefined);
    }
  });
});
