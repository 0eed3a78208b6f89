/**
 * The name under which OpenSSL looks a root up in a folder of certificates: `HASH.0`
 * (openssl-rehash(1); X509_NAME_hash_ex). Debian's Python and `openssl s_client` read that folder,
 * not the one large file.
 */
import { createHash } from 'node:crypto';
import { encodeDer, objectIdentifier, sequence, set, utf8String } from '../ca/der.ts';

const commonNameOid = '2.5.4.3';

/** Of a root of the private CA, whose subject is one common name and nothing else. */
export function subjectHash(commonName: string): string {
  // Canonical form: the RDNs without the sequence around them; the text trimmed, each run of
  // spaces one space, its ASCII letters small.
  const canonical = commonName
    .replace(/[ \t\n\v\f\r]+/g, ' ')
    .replace(/^ | $/g, '')
    .replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  const name = set(sequence(objectIdentifier(commonNameOid), utf8String(canonical)));
  const digest = createHash('sha1').update(encodeDer(name)).digest();
  return digest.readUInt32LE(0).toString(16).padStart(8, '0');
}
