import { expect } from 'chai';
import type { Peer } from '../../../lib/edge/peer.ts';
import { assertAdmitted, assertPermitted, assertSameName } from '../../../lib/edge/rights.ts';
import { tryAddress } from '../../../lib/net/address.ts';
import { allowed, listOf } from '../../support/edge/test-allow-list.ts';
import { errorOf } from '../../support/rejection.ts';
import { hostNames } from '../../support/test-certificates.ts';

const [hub, address] = hostNames('hub.example.test', '192.0.2.1');

type Rightful = Pick<Peer, 'address' | 'admission'>;

function peerOf(mirrors?: readonly string[]): Rightful {
  const bytes = tryAddress('192.0.2.7') ?? new Uint8Array();
  const list = listOf([allowed('192.0.2.0/24', { mirrors })]);
  return { address: '192.0.2.7', admission: list.lookup(bytes, new Date()) };
}

describe('assertSameName', () => {
  it('takes the server name in whatever spelling', () => {
    for (const name of ['hub.example.test', 'HUB.Example.Test', 'hub.example.test.']) {
      expect(() => assertSameName(name, hub!)).not.to.throw();
    }
  });

  it('leaves the choice to the Host header where no name was sent', () => {
    expect(() => assertSameName(undefined, hub!)).not.to.throw();
    expect(() => assertSameName(undefined, address!)).not.to.throw();
  });

  it('refuses a request for another host than that of the handshake', () => {
    for (const name of ['other.example.test', 'example.test', '', '192.0.2.1']) {
      expect(errorOf(() => assertSameName(name, hub!)).code).to.equal(
        'MIRRORGATE_REQUEST_MISDIRECTED',
      );
    }
  });
});

describe('the rights of a peer', () => {
  it('are none without an admission', () => {
    const stranger: Rightful = { ...peerOf(), admission: undefined };
    expect(errorOf(() => assertAdmitted(stranger)).code).to.equal('MIRRORGATE_ACCESS_DENIED');
    expect(errorOf(() => assertPermitted(stranger, 'hub')).code).to.equal(
      'MIRRORGATE_ACCESS_DENIED',
    );
  });

  it('cover every mirror and service where the list names none', () => {
    expect(() => assertPermitted(peerOf(), 'hub')).not.to.throw();
    expect(() => assertPermitted(peerOf(), 's3')).not.to.throw();
  });

  it('cover the mirrors that the list names, and no others', () => {
    const peer = peerOf(['hub']);
    expect(() => assertAdmitted(peer)).not.to.throw();
    expect(() => assertPermitted(peer, 'hub')).not.to.throw();
    for (const name of ['ghcr', 'HUB', '']) {
      expect(errorOf(() => assertPermitted(peer, name)).code).to.equal('MIRRORGATE_ACCESS_DENIED');
    }
  });

  it('follow a list that changes under a live connection', () => {
    const peer = peerOf();
    peer.admission = undefined;
    expect(errorOf(() => assertPermitted(peer, 'hub')).code).to.equal('MIRRORGATE_ACCESS_DENIED');
  });
});
