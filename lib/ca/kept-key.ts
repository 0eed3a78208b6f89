/** The private key of a CA certificate: open, or under a passphrase. */
import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { ReadKey, WrittenKey } from './authority-format.ts';
import { sealKey, unsealKey, type Seal, type SealedKey } from './seal.ts';

export type KeptKey =
  | { readonly kind: 'open'; readonly privateKey: KeyObject }
  /** Under a passphrase that was not given. */
  | { readonly kind: 'sealed'; readonly sealed: SealedKey }
  /** Not here: its owner keeps it, and an intermediate signs in its place. */
  | { readonly kind: 'offline' };

/** A CA certificate with its key. */
export interface KeyOwner {
  readonly certificate: X509Certificate;
  readonly key: KeptKey;
}

/** @throws MirrorgateError `MIRRORGATE_CA_LOCKED`, `MIRRORGATE_CA_OFFLINE` */
export function openKey(key: KeptKey): KeyObject {
  switch (key.kind) {
    case 'open':
      return key.privateKey;
    case 'sealed':
      throw lockedError();
    case 'offline':
      throw offlineError('the key of the root is not kept here');
  }
}

export function offlineError(message: string): MirrorgateError {
  return new MirrorgateError('MIRRORGATE_CA_OFFLINE', message, {
    hint: 'name the folder that holds the root: --offline-root DIR',
  });
}

export function lockedError(): MirrorgateError {
  return new MirrorgateError(
    'MIRRORGATE_CA_LOCKED',
    'the key of the private CA is under a passphrase, and none was given',
    { hint: 'give the passphrase: by a file descriptor, a systemd credential or the environment' },
  );
}

/**
 * The key, open where it was sealed.
 * @throws MirrorgateError `MIRRORGATE_CA_PASSPHRASE`
 */
export function unsealedKey({ certificate, key }: KeyOwner, seal: Seal): KeptKey {
  if (key.kind !== 'sealed') return key;
  const privateKey = unsealKey(seal, key.sealed, certificate.raw);
  assertBelongs(certificate, privateKey);
  return { kind: 'open', privateKey };
}

/** An open key is written under `seal` where there is one. */
export function writtenKey({ certificate, key }: KeyOwner, seal: Seal | undefined): WrittenKey {
  if (key.kind === 'offline') return key;
  if (key.kind === 'sealed') return writtenSealed(key.sealed);
  if (seal !== undefined) return writtenSealed(sealKey(seal, key.privateKey, certificate.raw));
  return { kind: 'open', pem: key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

/** Throws where an open key is not the certificate's. */
export function readKey(certificate: X509Certificate, written: ReadKey): KeptKey {
  if (written.kind === 'offline') return written;
  if (written.kind === 'sealed') {
    const { nonce, tag, ciphertext } = written;
    return { kind: 'sealed', sealed: { nonce, tag, ciphertext } };
  }
  const privateKey = createPrivateKey(written.pem);
  assertBelongs(certificate, privateKey);
  return { kind: 'open', privateKey };
}

function writtenSealed({ nonce, tag, ciphertext }: SealedKey): WrittenKey {
  return {
    kind: 'sealed',
    nonce: nonce.toString('base64'),
    tag: tag.toString('base64'),
    ciphertext: ciphertext.toString('base64'),
  };
}

function assertBelongs(certificate: X509Certificate, privateKey: KeyObject): void {
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new Error('a private key does not belong to its certificate');
  }
}
