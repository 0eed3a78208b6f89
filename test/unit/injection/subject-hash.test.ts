import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { commonName, makeRoot } from '../../../lib/ca/root.ts';
import { subjectHash } from '../../../lib/injection/subject-hash.ts';

describe('the subject hash', () => {
  for (const name of [
    'Example mirrors',
    'ÄÖÜ Spiegel',
    '  two  spaces ',
    'x'.repeat(90),
    '日本語のミラーを作る会社のための名前',
  ]) {
    it(`is the one of openssl x509 -hash for "${name.slice(0, 20)}"`, () => {
      const { certificate } = makeRoot({
        name,
        permitted: [{ kind: 'dns', zone: 'mirror.test' }],
        lifetimeMs: 86_400_000,
        now: new Date(),
      });
      const openssl = execFileSync('openssl', ['x509', '-noout', '-hash'], {
        input: certificate.toString(),
        encoding: 'utf8',
      });
      expect(subjectHash(commonName(certificate))).to.equal(openssl.trim());
    });
  }
});
