import { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { certificateFacts } from '../../../lib/certificates/certificate-facts.ts';
import type { CertifiedKey } from '../../../lib/certificates/issuer.ts';
import { dayMs, testCertifiedKey, testRoot, testStart } from '../../support/test-certificates.ts';

const leafOf = ({ chainPem }: CertifiedKey): X509Certificate => new X509Certificate(chainPem);

describe('leaf certificate', () => {
  it('is for exactly the given DNS names and addresses, and has no subject', () => {
    const names = ['a.example.test', '192.0.2.7', '2001:db8::7'];
    const leaf = leafOf(testCertifiedKey(names));
    expect(certificateFacts(leaf).names).to.deep.equal(names);
    expect(leaf.subject).to.equal(undefined);
  });

  it('serves TLS servers alone and signs nothing', () => {
    const leaf = leafOf(testCertifiedKey(['a.example.test']));
    expect(leaf.ca).to.equal(false);
    expect(leaf.keyUsage).to.deep.equal(['1.3.6.1.5.5.7.3.1']);
  });

  it('is signed by its root, with a key of its own each time', () => {
    const root = testRoot();
    const [left, right] = [
      testCertifiedKey(['a.example.test'], { root }),
      testCertifiedKey(['a.example.test'], { root }),
    ];
    for (const certifiedKey of [left, right]) {
      expect(leafOf(certifiedKey).checkIssued(root.certificate)).to.equal(true);
      expect(leafOf(certifiedKey).verify(root.certificate.publicKey)).to.equal(true);
    }
    expect(left.privateKeyPem).to.not.equal(right.privateKeyPem);
  });

  it('names its issuer in the bytes of a root whose name is not ASCII', () => {
    const root = testRoot({ name: 'Bäckerei "Ü", O=x\n😀' });
    expect(
      leafOf(testCertifiedKey(['a.example.test'], { root })).checkIssued(root.certificate),
    ).to.equal(true);
  });

  it('reaches back an hour and never outlives its root', () => {
    const root = testRoot({ lifetimeMs: 10 * dayMs });
    const short = leafOf(testCertifiedKey(['a.example.test'], { root, lifetimeMs: 7 * dayMs }));
    const long = leafOf(testCertifiedKey(['a.example.test'], { root, lifetimeMs: 70 * dayMs }));
    expect(short.validFromDate).to.deep.equal(new Date(testStart.getTime() - 3_600_000));
    expect(short.validToDate).to.deep.equal(new Date(testStart.getTime() + 7 * dayMs));
    expect(long.validToDate).to.deep.equal(root.certificate.validToDate);
  });
});
