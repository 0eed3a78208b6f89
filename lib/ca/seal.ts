/**
 * Private keys under a passphrase: AES-256-GCM (NIST SP 800-38D) with a key that scrypt (RFC 7914)
 * makes of it. The passphrase is a Buffer of the caller's, who may wipe it afterwards.
 */
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  randomBytes,
  scrypt,
  type KeyObject,
} from 'node:crypto';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';

/** What scrypt takes beside the passphrase. */
export interface SealParameters {
  readonly cost: number;
  readonly blockSize: number;
  readonly parallelization: number;
  readonly salt: Buffer;
}

/** A key in its encrypted form. Each belongs to one certificate, named when it was sealed. */
export interface SealedKey {
  readonly nonce: Buffer;
  readonly tag: Buffer;
  readonly ciphertext: Buffer;
}

/** A passphrase that was worked into a key, with what it was worked by. */
export interface Seal {
  readonly parameters: SealParameters;
  readonly key: Buffer;
}

/** 128 MiB and about 0.4 s, as OWASP's Password Storage Cheat Sheet has it. */
const standardCost = { cost: 2 ** 17, blockSize: 8, parallelization: 1 } as const;

/** Passphrases this short are found by trying; nothing is sealed by them. */
const minPassphraseBytes = 12;

/**
 * A seal with a salt of its own.
 * @throws MirrorgateError `MIRRORGATE_CA_PASSPHRASE` where the passphrase is too short
 */
export async function makeSeal(passphrase: Buffer): Promise<Seal> {
  if (passphrase.length < minPassphraseBytes) {
    throw new MirrorgateError(
      'MIRRORGATE_CA_PASSPHRASE',
      `the passphrase has ${passphrase.length} bytes, fewer than ${minPassphraseBytes}`,
      { hint: 'use one of several random words' },
    );
  }
  return workSeal(passphrase, { ...standardCost, salt: randomBytes(16) });
}

export async function workSeal(passphrase: Buffer, parameters: SealParameters): Promise<Seal> {
  const { cost, blockSize, parallelization, salt } = parameters;
  const maxmem = 128 * cost * blockSize + 2 ** 20;
  const key = await new Promise<Buffer>((resolve, reject) => {
    scrypt(passphrase, salt, 32, { cost, blockSize, parallelization, maxmem }, (error, derived) => {
      if (error === null) resolve(derived);
      else reject(error);
    });
  });
  return { parameters, key };
}

/** `owner` is what the key belongs to: it opens in no other place. */
export function sealKey({ key }: Seal, privateKey: KeyObject, owner: Uint8Array): SealedKey {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(owner);
  const plain = privateKey.export({ type: 'pkcs8', format: 'der' });
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()]);
  plain.fill(0);
  return { nonce, tag: cipher.getAuthTag(), ciphertext };
}

/** @throws MirrorgateError `MIRRORGATE_CA_PASSPHRASE` where it is not the one that sealed */
export function unsealKey({ key }: Seal, sealed: SealedKey, owner: Uint8Array): KeyObject {
  const { nonce, tag, ciphertext } = sealed;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 })
      .setAAD(owner)
      .setAuthTag(tag);
    const plain = Buffer.concat([decipher.update(ciphertext), decipher.final()]);
    const privateKey = createPrivateKey({ key: plain, type: 'pkcs8', format: 'der' });
    plain.fill(0);
    return privateKey;
  } catch (cause) {
    throw new MirrorgateError(
      'MIRRORGATE_CA_PASSPHRASE',
      'the passphrase of the private CA is wrong',
      { cause, hint: 'give the one that the key was sealed with; it cannot be recovered' },
    );
  }
}
