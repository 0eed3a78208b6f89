/**
 * Content digests (OCI image-spec, descriptor §Digests). Only {@link parseDigest} and
 * {@link tryDigest} make a `Digest`, so whoever holds one may build a path from it.
 */
import { createHash, type Hash } from 'node:crypto';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';

declare const brand: unique symbol;

/** A registered digest in canonical form: `sha256:<64 hex>` or `sha512:<128 hex>`, lower case. */
export type Digest = string & { readonly [brand]: 'Digest' };

/** The registered algorithms a client must be able to rely on (image-spec §Registered Algorithms). */
export type DigestAlgorithm = 'sha256' | 'sha512';

const pattern = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/;

/** The digest in `text`, or undefined where it is none of a registered algorithm. */
export function tryDigest(text: string): Digest | undefined {
  return pattern.test(text) ? (text as Digest) : undefined;
}

/** @throws MirrorgateError `MIRRORGATE_OCI_DIGEST_INVALID` */
export function parseDigest(text: string): Digest {
  const digest = tryDigest(text);
  if (digest !== undefined) return digest;
  throw new MirrorgateError(
    'MIRRORGATE_OCI_DIGEST_INVALID',
    `"${text.slice(0, 160)}" is not a digest`,
    {
      hint: 'a digest is sha256: and 64, or sha512: and 128, lower-case hexadecimal digits',
    },
  );
}

export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha256:') ? 'sha256' : 'sha512';
}

/** The hexadecimal part alone. */
export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

/** A running hash of the algorithm that `digest` names. */
export function digestHash(digest: Digest): Hash {
  return createHash(digestAlgorithm(digest));
}

/** The digest of `bytes`, by the algorithm asked for. */
export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as Digest;
}

/** The digest that a finished `hash` of `algorithm` stands for. */
export function digestFromHash(hash: Hash, algorithm: DigestAlgorithm): Digest {
  return `${algorithm}:${hash.digest('hex')}` as Digest;
}
