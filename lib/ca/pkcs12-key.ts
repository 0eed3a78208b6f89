/** How PKCS#12 turns a password into the key of its MAC (RFC 7292 appendix B), with SHA-256. */
import { createHash } from 'node:crypto';

/** Block and digest size of SHA-256 in bytes: "v" and "u" of the RFC. */
const blockBytes = 64;
const digestBytes = 32;

/** The diversifier of keys for integrity (RFC 7292 §B.3). */
const macPurpose = 3;

export interface MacKeyOptions {
  readonly password: string;
  readonly salt: Uint8Array;
  readonly iterations: number;
}

/** One digest is as long as the key: the loop of the RFC over further blocks is not needed. */
export function macKey({ password, salt, iterations }: MacKeyOptions): Buffer {
  const input = Buffer.concat([
    Buffer.alloc(blockBytes, macPurpose),
    filled(salt),
    filled(passwordBytes(password)),
  ]);
  let digest: Uint8Array = input;
  for (let round = 0; round < iterations; round += 1) {
    digest = createHash('sha256').update(digest).digest();
  }
  return Buffer.from(digest).subarray(0, digestBytes);
}

/** Repeated to a whole number of blocks. */
function filled(bytes: Uint8Array): Buffer {
  const size = Math.ceil(bytes.length / blockBytes) * blockBytes;
  return Buffer.alloc(size, bytes);
}

/** UTF-16 in network order, with the two zero bytes at its end (RFC 7292 §B.1). */
function passwordBytes(text: string): Buffer {
  return Buffer.from(`${text}\0`, 'utf16le').swap16();
}
