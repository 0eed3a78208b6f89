import { expect } from 'chai';
import { parseProxyHeader } from '../../../lib/net/proxy-header.ts';

const signature = '0d0a0d0a000d0a515549540a';
const binary = (hex: string): Buffer => Buffer.from(signature + hex.replaceAll(' ', ''), 'hex');

describe('parseProxyHeader', () => {
  const line = (text: string) => parseProxyHeader(Buffer.from(text, 'latin1'));

  it('reads lines of version 1, and leaves what follows', () => {
    expect(line('PROXY TCP4 192.0.2.7 203.0.113.1 5000 443\r\nrest')).to.deep.equal({
      kind: 'header',
      sizeBytes: 43,
      source: '192.0.2.7',
    });
    const ipv6 = line('PROXY TCP6 2001:db8::7 2001:db8::1 5000 443\r\n');
    expect(ipv6).to.include({ kind: 'header', source: '2001:db8::7' });
    expect(line('PROXY UNKNOWN\r\n')).to.include({ kind: 'header', source: undefined });
    expect(line('PROXY UNKNOWN ffff:f... 1\r\n')).to.include({ kind: 'header', source: undefined });
  });

  it('reads version 2, with what balancers put behind the addresses', () => {
    const ipv4 = binary('21 11 000c c0000207 cb007101 1388 01bb');
    expect(parseProxyHeader(ipv4)).to.deep.equal({
      kind: 'header',
      sizeBytes: 28,
      source: '192.0.2.7',
    });
    const more = binary('21 11 0010 c0000207 cb007101 1388 01bb 04 0001 00');
    expect(parseProxyHeader(more)).to.include({ sizeBytes: 32, source: '192.0.2.7' });
    const ipv6 = binary(`21 21 0024 20010db8${'00'.repeat(11)}07 ${'00'.repeat(16)} 1388 01bb`);
    expect(parseProxyHeader(ipv6)).to.include({ source: '2001:db8::7' });
    const mapped = binary(`21 21 0024 ${'00'.repeat(10)}ffffc0000207 ${'00'.repeat(16)} 1388 01bb`);
    expect(parseProxyHeader(mapped)).to.include({ source: '192.0.2.7' });
    expect(parseProxyHeader(binary('20 00 0000'))).to.include({ source: undefined, sizeBytes: 16 });
  });

  it('waits for the rest of one that has begun, at every length', () => {
    const whole = [
      Buffer.from('PROXY TCP4 192.0.2.7 203.0.113.1 5000 443\r\n'),
      binary('21 11 000c c0000207 cb007101 1388 01bb'),
    ];
    for (const bytes of whole) {
      for (let length = 0; length < bytes.length; length += 1) {
        expect(parseProxyHeader(bytes.subarray(0, length)).kind).to.equal('incomplete');
      }
      expect(parseProxyHeader(bytes).kind).to.equal('header');
    }
  });

  const wrong = [
    'GET / HTTP/1.1\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01',
    'proxy TCP4 192.0.2.7 203.0.113.1 5000 443\r\n',
    'PROXY TCP4 192.0.2.7 203.0.113.1 5000\r\n',
    'PROXY TCP4 192.0.2.7 203.0.113.1 5000 99999\r\n',
    'PROXY TCP4 192.0.2.07 203.0.113.1 5000 443\r\n',
    'PROXY TCP4 2001:db8::7 2001:db8::1 5000 443\r\n',
    'PROXY TCP6 192.0.2.7 203.0.113.1 5000 443\r\n',
    'PROXY  TCP4 192.0.2.7 203.0.113.1 5000 443\r\n',
    'PROXY UNKNOWNX\r\n',
    `PROXY TCP4 ${'1'.repeat(200)}`,
  ];
  for (const text of wrong) {
    it(`refuses ${JSON.stringify(text.slice(0, 50))}`, () => {
      expect(line(text).kind).to.equal('invalid');
    });
  }

  it('refuses other versions, commands, families and lengths of version 2', () => {
    for (const hex of [
      '11 11 000c c0000207 cb007101 1388 01bb',
      '22 11 000c c0000207 cb007101 1388 01bb',
      '21 31 000c c0000207 cb007101 1388 01bb',
      '21 12 000c c0000207 cb007101 1388 01bb',
      '21 11 0008 c0000207 cb007101',
      '21 11 ffff',
    ]) {
      expect(parseProxyHeader(binary(hex)).kind, hex).to.equal('invalid');
    }
  });
});
