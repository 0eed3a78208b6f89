import { expect } from 'chai';
import { dayMs, testRoot, testStart } from '../../support/test-certificates.ts';

describe('root certificate', () => {
  it('is a self-signed CA that lasts as long as told and reaches back an hour', () => {
    const { certificate, privateKey } = testRoot({ lifetimeMs: 30 * dayMs });
    expect(certificate.ca).to.equal(true);
    expect(certificate.verify(certificate.publicKey)).to.equal(true);
    expect(certificate.checkPrivateKey(privateKey)).to.equal(true);
    expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).to.equal('prime256v1');
    expect(certificate.validFromDate).to.deep.equal(new Date(testStart.getTime() - 3_600_000));
    expect(certificate.validToDate).to.deep.equal(new Date(testStart.getTime() + 30 * dayMs));
  });

  it('is told apart from another root of the same name and day', () => {
    const [left, right] = [testRoot(), testRoot()];
    expect(left.certificate.subject).to.match(/^CN=Test root 2026-11-01 [0-9a-f]{8}$/);
    expect(left.certificate.subject).to.not.equal(right.certificate.subject);
    expect(left.certificate.serialNumber).to.not.equal(right.certificate.serialNumber);
  });

  it('has a positive serial number of 128 bits', () => {
    for (let index = 0; index < 50; index += 1) {
      expect(testRoot().certificate.serialNumber).to.match(/^[4-7][0-9A-F]{31}$/);
    }
  });

  it('cuts a long name to the 64 characters of a common name', () => {
    const { certificate } = testRoot({ name: 'ü😀'.repeat(32) });
    const name = String(certificate.toLegacyObject().subject.CN);
    expect(Array.from(name)).to.have.length(64);
    expect(name).to.match(/ root 2026-11-01 [0-9a-f]{8}$/);
  });
});
