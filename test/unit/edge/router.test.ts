import { expect } from 'chai';
import { Router, type HostRoute } from '../../../lib/edge/router.ts';
import { hostOf, refused, universal } from '../../support/edge/routes.ts';
import { testMirror, testSettings } from '../../support/edge/test-settings.ts';
import { hostNames } from '../../support/test-certificates.ts';

describe('Router.routeHost', () => {
  const [own, plain, service] = [
    testMirror('own', { ports: [5000] }),
    testMirror('plain', { hosts: hostNames('plain.example.test') }),
    { name: 's3', hosts: hostNames('s3.example.test'), target: 'http://127.0.0.1:9000' },
  ];
  const router = new Router(testSettings({ mirrors: [own, plain], services: [service] }));
  const lead = (listenerMirror: string | undefined, host: string): HostRoute => {
    const [name] = hostNames(host);
    if (name === undefined) throw new TypeError(host);
    return router.routeHost(listenerMirror, name);
  };

  it("goes by the listener's own mirror, whatever the host", () => {
    for (const host of ['mirror.example.test', 'plain.example.test', '192.0.2.1', 'any.test']) {
      expect(lead('own', host)).to.deep.equal(hostOf(own));
    }
  });

  it('goes by host on an address that all share', () => {
    expect(lead(undefined, 'mirror.example.test')).to.deep.equal(universal);
    expect(lead(undefined, '127.0.0.1')).to.deep.equal(universal);
    expect(lead(undefined, 'plain.example.test')).to.deep.equal(hostOf(plain));
    expect(lead(undefined, 's3.example.test')).to.deep.equal({ kind: 'service', service });
  });

  it('falls back to the host where the mirror of the listener is gone', () => {
    expect(lead('gone', 'plain.example.test')).to.deep.equal(hostOf(plain));
  });

  it('sends a host that nobody configured away', () => {
    for (const host of ['other.test', 'example.test', 'constructor', '192.0.2.1']) {
      expect(refused(() => lead(undefined, host))).to.equal('421 NAME_UNKNOWN');
    }
  });
});
