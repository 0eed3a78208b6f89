import { createHash, X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { challengeServerName, makeChallenge } from '../../../lib/acme/challenge.ts';
import { matchedLeaf } from '../../../lib/certificates/certificate-facts.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const facts = { host: 'hub.example.test', token: 'tok', keyAuthorization: 'tok.key' } as const;
const digest = createHash('sha256').update('tok.key').digest();
const clock = new ManualClock();

describe('makeChallenge', () => {
  it('makes the record of dns-01 (RFC 8555 §8.4)', () => {
    expect(makeChallenge({ ...facts, kind: 'dns-01', clock })).to.deep.equal({
      kind: 'dns-01',
      host: facts.host,
      name: '_acme-challenge.hub.example.test',
      value: digest.toString('base64url'),
    });
  });

  it('makes the certificate of tls-alpn-01 (RFC 8737 §3)', () => {
    const challenge = makeChallenge({ ...facts, kind: 'tls-alpn-01', clock });
    if (challenge.kind !== 'tls-alpn-01') throw new TypeError('of another kind');
    const leaf = matchedLeaf(challenge.certifiedKey);
    expect(leaf.subjectAltName).to.equal('DNS:hub.example.test');
    const { raw } = new X509Certificate(challenge.certifiedKey.chainPem);
    // id-pe-acmeIdentifier, TRUE, an OCTET STRING that holds an OCTET STRING.
    const extension = Buffer.from('06082b0601050507011f0101ff04220420', 'hex');
    expect(raw.includes(Buffer.concat([extension, digest]))).to.equal(true);
  });
});

describe('challengeServerName', () => {
  it('is the name itself, and for addresses one of the reverse zone (RFC 8738 §6)', () => {
    expect(challengeServerName('hub.example.test')).to.equal('hub.example.test');
    expect(challengeServerName('192.0.2.7')).to.equal('7.2.0.192.in-addr.arpa');
    expect(challengeServerName('2001:db8::1')).to.equal(
      '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa',
    );
  });
});
