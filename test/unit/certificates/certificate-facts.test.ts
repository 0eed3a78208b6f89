import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import {
  certificateFacts,
  checkCertifiedKey,
  coversName,
  parseChain,
} from '../../../lib/certificates/certificate-facts.ts';
import { errorOf } from '../../support/rejection.ts';
import {
  dayMs,
  hostNames,
  testCertifiedKey,
  testRoot,
  testStart,
} from '../../support/test-certificates.ts';

describe('certificate facts', () => {
  it('are read from the leaf', () => {
    const root = testRoot();
    const [leaf] = parseChain(
      testCertifiedKey(['a.example.test', '192.0.2.7', '2001:db8::7'], { root }).chainPem,
    );
    const facts = certificateFacts(leaf);
    expect(facts).to.deep.include({
      names: ['a.example.test', '192.0.2.7', '2001:db8::7'],
      notBefore: new Date(testStart.getTime() - 3_600_000),
      notAfter: new Date(testStart.getTime() + 7 * dayMs),
      issuer: root.certificate.subject,
    });
    expect(facts.serial).to.match(/^[0-9a-f]{32}$/);
    expect(facts.fingerprint).to.match(/^[0-9a-f]{64}$/);
  });

  it('need a certificate to be read from', () => {
    const { privateKeyPem } = testCertifiedKey(['a.example.test']);
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    for (const text of ['', privateKeyPem, broken]) {
      expect(errorOf(() => parseChain(text)).code).to.equal('MIRRORGATE_CERTIFICATE_MALFORMED');
    }
  });

  it('give the chain in its order', () => {
    const root = testRoot();
    const { chainPem } = testCertifiedKey(['a.example.test'], { root });
    const chain = parseChain(chainPem + root.certificate.toString());
    expect(chain.map(({ ca }) => ca)).to.deep.equal([false, true]);
  });
});

describe('names of a certificate', () => {
  const covers = (subject: string, name: string): boolean => {
    const [leaf] = parseChain(testCertifiedKey([subject]).chainPem);
    return hostNames(name).every((host) => coversName(leaf, host));
  };

  it('cover themselves, and a wildcard one label', () => {
    expect(covers('a.example.test', 'a.example.test')).to.equal(true);
    expect(covers('a.example.test', 'b.example.test')).to.equal(false);
    expect(covers('*.example.test', 'a.example.test')).to.equal(true);
    expect(covers('*.example.test', 'a.b.example.test')).to.equal(false);
    expect(covers('*.example.test', 'example.test')).to.equal(false);
  });

  it('cover addresses by addresses alone', () => {
    expect(covers('192.0.2.7', '192.0.2.7')).to.equal(true);
    expect(covers('192.0.2.7', '192.0.2.8')).to.equal(false);
    expect(covers('2001:db8::7', '2001:db8::7')).to.equal(true);
    expect(covers('*.0.2.7', '192.0.2.7')).to.equal(false);
  });
});

describe('checkCertifiedKey', () => {
  const held = testCertifiedKey(['a.example.test', '192.0.2.7']);
  const names = hostNames('a.example.test', '192.0.2.7');
  const codeAt = (time: Date): string => errorOf(() => checkCertifiedKey(held, names, time)).code;

  it('gives the facts of what can serve', () => {
    expect(checkCertifiedKey(held, names, testStart).names).to.deep.equal(names);
    expect(checkCertifiedKey(held, hostNames('192.0.2.7'), testStart).names).to.have.length(2);
  });

  it('refuses the key of another certificate', () => {
    const { privateKeyPem } = testCertifiedKey(['a.example.test']);
    const error = errorOf(() => checkCertifiedKey({ ...held, privateKeyPem }, names, testStart));
    expect(error.code).to.equal('MIRRORGATE_CERTIFICATE_KEY_MISMATCH');
  });

  it('refuses a key that cannot be read, as one with a passphrase', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const locked = privateKey.export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'secret',
    });
    for (const privateKeyPem of ['', locked.toString()]) {
      const error = errorOf(() => checkCertifiedKey({ ...held, privateKeyPem }, names, testStart));
      expect(error.code).to.equal('MIRRORGATE_CERTIFICATE_MALFORMED');
    }
  });

  it('refuses a name that the certificate is not for, and says which', () => {
    const wanted = hostNames('a.example.test', 'b.example.test');
    const error = errorOf(() => checkCertifiedKey(held, wanted, testStart));
    expect(error.code).to.equal('MIRRORGATE_CERTIFICATE_NAMES');
    expect(error.message).to.contain('b.example.test').and.not.contain('a.example.test');
  });

  it('refuses what has expired or has not begun', () => {
    const [begin, end] = [testStart.getTime() - 3_600_000, testStart.getTime() + 7 * dayMs];
    expect(codeAt(new Date(end + 1))).to.equal('MIRRORGATE_CERTIFICATE_EXPIRED');
    expect(codeAt(new Date(begin - 1))).to.equal('MIRRORGATE_CERTIFICATE_NOT_YET_VALID');
    for (const time of [begin, end]) checkCertifiedKey(held, names, new Date(time));
  });
});
