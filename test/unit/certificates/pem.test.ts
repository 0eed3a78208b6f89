import { expect } from 'chai';
import {
  certificateBlocks,
  certifiedKeyText,
  parseCertifiedKey,
} from '../../../lib/certificates/pem.ts';
import { errorOf } from '../../support/rejection.ts';
import { testCertifiedKey, testRoot } from '../../support/test-certificates.ts';

describe('PEM text', () => {
  const root = testRoot();
  const leaf = testCertifiedKey(['a.example.test'], { root });
  const held = { ...leaf, chainPem: leaf.chainPem + root.certificate.toString() };

  it('of a key with its chain comes back as it was', () => {
    const text = certifiedKeyText(held);
    expect(parseCertifiedKey(text, text)).to.deep.equal(held);
  });

  it('cut anywhere is refused', () => {
    const text = certifiedKeyText(held);
    for (let length = 0; length < text.length - 1; length += 11) {
      const cut = text.slice(0, length);
      expect(errorOf(() => parseCertifiedKey(cut, cut)).code, String(length)).to.equal(
        'MIRRORGATE_CERTIFICATE_MALFORMED',
      );
    }
  });

  it('has one form, whatever stood around its blocks', () => {
    const windows = `Bag Attributes\n${held.chainPem}trailing`.replaceAll('\n', '\r\n');
    expect(parseCertifiedKey(windows, `comment\n${held.privateKeyPem}`)).to.deep.equal(held);
  });

  it('without certificates has no blocks', () => {
    expect(certificateBlocks(held.privateKeyPem)).to.deep.equal([]);
  });
});
