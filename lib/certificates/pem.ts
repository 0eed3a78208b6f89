/** PEM text (RFC 7468): its blocks, and a key with its chain as one text. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { CertifiedKey } from './issuer.ts';

/** The certificates in `text`, in order, each a block of its own; all else is left out. */
export function certificateBlocks(text: string): string[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  return (blocks ?? []).map((block) => `${block.replaceAll('\r\n', '\n')}\n`);
}

/**
 * The first private key in `text`.
 * @throws MirrorgateError `MIRRORGATE_CERTIFICATE_MALFORMED`
 */
export function parsePrivateKey(text: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (cause) {
    throw new MirrorgateError(
      'MIRRORGATE_CERTIFICATE_MALFORMED',
      'the private key cannot be read',
      { cause, hint: 'it must be PEM without a passphrase' },
    );
  }
}

/**
 * The certificates of one text with the key of another (or the same), in canonical form: whoever
 * holds two of them compares them as text.
 * @throws MirrorgateError `MIRRORGATE_CERTIFICATE_MALFORMED`
 */
export function parseCertifiedKey(chainText: string, keyText: string): CertifiedKey {
  return {
    chainPem: certificateBlocks(chainText).join(''),
    privateKeyPem: parsePrivateKey(keyText).export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** One text for both. The key stands last: a text cut anywhere is not taken for a shorter chain. */
export function certifiedKeyText({ chainPem, privateKeyPem }: CertifiedKey): string {
  return chainPem + privateKeyPem;
}
