import { expect } from 'chai';
import { endpointText, tryEndpoint, tryTcpEndpoint } from '../../../lib/net/endpoint.ts';

describe('an endpoint', () => {
  const accepted: readonly (readonly [written: string, address: string, port: number])[] = [
    ['0.0.0.0:443', '0.0.0.0', 443],
    ['127.0.0.1:0', '127.0.0.1', 0],
    ['192.0.2.7:65535', '192.0.2.7', 65535],
    ['[::]:80', '::', 80],
    ['[2001:DB8:0::1]:8443', '2001:db8::1', 8443],
  ];
  for (const [written, address, port] of accepted) {
    it(`${written} is port ${port} of ${address}`, () => {
      expect(tryTcpEndpoint(written)).to.deep.equal({ kind: 'tcp', address, port });
      expect(tryEndpoint(written)).to.deep.equal({ kind: 'tcp', address, port });
    });
  }

  const refused = [
    ...['', ':443', '443', '0.0.0.0', '0.0.0.0:', '0.0.0.0:65536', '0.0.0.0:0443', '0.0.0.0:-1'],
    ...['0.0.0.0:4 43', '0.0.0.0:443 ', '*:443', 'localhost:443', 'hub.example.com:443', '[::]'],
    ...['::1:443', '[::1]443', '[127.0.0.1]:443', '[::ffff:127.0.0.1]:443', '[fe80::1%eth0]:443'],
    ...['127.1:443', '1.2.3.4.5:443', '[::1]:443\n', 'unix:', 'UNIX:/run/x', 'http://127.0.0.1:80'],
  ];
  for (const text of refused) {
    it(`is not ${JSON.stringify(text)}`, () => {
      expect(tryEndpoint(text)).to.equal(undefined);
    });
  }

  it('may be a unix socket, its path as it was written, but no TCP one then', () => {
    expect(tryEndpoint('unix:/run/a b')).to.deep.equal({ kind: 'unix', path: '/run/a b' });
    expect(tryEndpoint('unix:../run/x')).to.deep.equal({ kind: 'unix', path: '../run/x' });
    expect(tryTcpEndpoint('unix:/run/x')).to.equal(undefined);
  });

  it('is written as it is read', () => {
    for (const text of ['127.0.0.1:9180', '[2001:db8::1]:443', 'unix:/run/x']) {
      const endpoint = tryEndpoint(text);
      expect(endpoint && endpointText(endpoint)).to.equal(text);
    }
  });
});
