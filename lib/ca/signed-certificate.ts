/** X.509 v3 certificates on P-256 keys, signed with ecdsa-with-SHA256 by `node:crypto`. */
import {
  createHash,
  generateKeyPairSync,
  randomBytes,
  sign,
  X509Certificate,
  type KeyObject,
} from 'node:crypto';
import {
  bitString,
  embedded,
  encodeDer,
  integer,
  objectIdentifier,
  sequence,
  set,
  tagged,
  time,
  utf8String,
  type Der,
} from './der.ts';

/** Length of an uncompressed P-256 point, with which its SubjectPublicKeyInfo ends. */
const pointBytes = 65;

/** How far every certificate reaches back, for clients whose clock is slow. */
export const backdateMs = 3_600_000;

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export interface CertificateContent {
  /** A common name; undefined is the empty subject. */
  readonly subject: string | undefined;
  /** The common name of the root. */
  readonly issuer: string;
  readonly publicKey: KeyObject;
  /** The certificate holds from an hour before. */
  readonly issuedAt: Date;
  readonly notAfter: Date;
  readonly extensions: readonly Der[];
}

export function makeKeyPair(): KeyPair {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

/** Signs `content` with the issuer's `privateKey` (RFC 5280 §4.1). */
export function signCertificate(
  content: CertificateContent,
  privateKey: KeyObject,
): X509Certificate {
  const algorithm = sequence(objectIdentifier('1.2.840.10045.4.3.2'));
  const notBefore = new Date(content.issuedAt.getTime() - backdateMs);
  const body = sequence(
    tagged(0, integer(2)),
    integer(...randomSerial()),
    algorithm,
    distinguishedName(content.issuer),
    sequence(time(notBefore), time(content.notAfter)),
    distinguishedName(content.subject),
    embedded(content.publicKey.export({ type: 'spki', format: 'der' })),
    tagged(3, sequence(...content.extensions)),
  );
  const signature = sign('sha256', encodeDer(body), privateKey);
  return new X509Certificate(encodeDer(sequence(body, algorithm, bitString(signature))));
}

/** 160 bits of the SHA-256 of the public key (RFC 7093 §2, method 1). */
export function keyIdentifier(publicKey: KeyObject): Buffer {
  const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-pointBytes);
  return createHash('sha256').update(point).digest().subarray(0, 20);
}

/** 16 octets, positive, without a redundant leading one (RFC 5280 §4.1.2.2). */
function randomSerial(): Buffer {
  const serial = randomBytes(16);
  serial.writeUInt8((serial.readUInt8(0) & 0x3f) | 0x40, 0);
  return serial;
}

function distinguishedName(commonName: string | undefined): Der {
  if (commonName === undefined) return sequence();
  return sequence(set(sequence(objectIdentifier('2.5.4.3'), utf8String(commonName))));
}
