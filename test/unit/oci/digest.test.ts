import { createHash } from 'node:crypto';
import { expect } from 'chai';
import {
  digestAlgorithm,
  digestFromHash,
  digestHash,
  digestHex,
  digestOf,
  parseDigest,
  tryDigest,
} from '../../../lib/oci/digest.ts';
import { errorOf } from '../../support/rejection.ts';

const hex = 'a'.repeat(64);

describe('a digest', () => {
  for (const text of [
    `sha256:${hex}`,
    `sha512:${hex}${hex}`,
    `sha256:${'0123456789abcdef'.repeat(4)}`,
  ]) {
    it(`is ${text.slice(0, 20)}… of ${text.length} characters`, () => {
      expect(tryDigest(text)).to.equal(text);
      expect(parseDigest(text)).to.equal(text);
    });
  }

  const refused = [
    ...['', 'latest', 'sha256', 'sha256:', hex, `:${hex}`, `sha256${hex}`, `sha256::${hex}`],
    ...[`sha256:${hex}a`, `sha256:${hex.slice(1)}`, `sha512:${hex}`, `sha256:${hex}${hex}`],
    ...[`SHA256:${hex}`, `sha256:${hex.toUpperCase()}`, `sha256:${'g'.repeat(64)}`],
    ...[`md5:${'a'.repeat(32)}`, `sha384:${'a'.repeat(96)}`, `sha256+b64:${hex}`],
    ...[`sha256:${hex}\n`, ` sha256:${hex}`, `sha256:${hex}\0`, `sha256:${hex.slice(1)}\n`],
    ...[`sha256:../${hex.slice(3)}`, `sha256:${'а'.repeat(64)}`, `sha256:${'１'.repeat(64)}`],
  ];
  for (const text of refused) {
    it(`is not ${JSON.stringify(text.slice(0, 30))} of ${text.length} characters`, () => {
      expect(tryDigest(text)).to.equal(undefined);
    });
  }

  it('that is refused is told short, with its code', () => {
    const error = errorOf(() => parseDigest('x'.repeat(100_000)));
    expect(error.code).to.equal('MIRRORGATE_OCI_DIGEST_INVALID');
    expect(error.message).to.have.length.below(250);
    expect(error.hint).to.contain('sha256:');
  });

  it('comes apart into algorithm and hexadecimal part', () => {
    const digest = parseDigest(`sha512:${hex}${hex}`);
    expect(digestAlgorithm(digest)).to.equal('sha512');
    expect(digestHex(digest)).to.equal(hex + hex);
  });

  it('of bytes is what a running hash of the same algorithm ends with', () => {
    const bytes = Buffer.from('layer');
    for (const algorithm of ['sha256', 'sha512'] as const) {
      const digest = digestOf(bytes, algorithm);
      expect(tryDigest(digest)).to.equal(digest);
      expect(digestHex(digest)).to.equal(createHash(algorithm).update(bytes).digest('hex'));
      expect(digestFromHash(digestHash(digest).update(bytes), algorithm)).to.equal(digest);
    }
    expect(digestOf(bytes)).to.equal(digestOf(bytes, 'sha256'));
  });
});
