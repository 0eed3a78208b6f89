/**
 * `/ca/bundle.p12`: the roots as a PKCS#12 trust store (RFC 7292) for Java. The certificates lie
 * open in it, as they do everywhere else; the password that Java asks for guards nothing.
 */
import { createHash, createHmac } from 'node:crypto';
import { fingerprint } from '../certificates/certificate-facts.ts';
import type { Bundle, BundleRoot } from './bundle.ts';
import {
  bmpString,
  encodeDer,
  integer,
  nothing,
  objectIdentifier,
  octetString,
  sequence,
  set,
  tagged,
  type Der,
} from './der.ts';
import { macKey } from './pkcs12-key.ts';

export const trustStorePassword = 'changeit';

/** What Java's own keytool writes since 17. */
const macIterations = 10_000;

const oid = {
  data: '1.2.840.113549.1.7.1',
  certBag: '1.2.840.113549.1.12.10.1.3',
  x509Certificate: '1.2.840.113549.1.9.22.1',
  friendlyName: '1.2.840.113549.1.9.20',
  /** Java lists an entry as a trusted certificate only where this is set. */
  trustedKeyUsage: '2.16.840.1.113894.746875.1.1',
  anyExtendedKeyUsage: '2.5.29.37.0',
  sha256: '2.16.840.1.101.3.4.2.1',
} as const;

/** The same bytes for the same roots: its salt follows from what it holds. */
export function trustStore({ roots }: Bundle): Buffer {
  const bags = encodeDer(sequence(...roots.map(certificateBag)));
  const content = encodeDer(sequence(contentInfo(bags)));
  const salt = createHash('sha256').update(content).digest().subarray(0, 20);
  return encodeDer(sequence(integer(3), contentInfo(content), integrity(content, salt)));
}

function certificateBag(root: BundleRoot): Der {
  const { certificate } = root;
  const bag = sequence(
    objectIdentifier(oid.x509Certificate),
    tagged(0, octetString(certificate.raw)),
  );
  return sequence(
    objectIdentifier(oid.certBag),
    tagged(0, bag),
    set(
      attribute(oid.friendlyName, bmpString(alias(root))),
      attribute(oid.trustedKeyUsage, objectIdentifier(oid.anyExtendedKeyUsage)),
    ),
  );
}

/** Java takes aliases in lower case. */
function alias({ certificate }: BundleRoot): string {
  return `mirrorgate-${fingerprint(certificate).slice(0, 16)}`;
}

function attribute(identifier: string, value: Der): Der {
  return sequence(objectIdentifier(identifier), set(value));
}

function contentInfo(data: Buffer): Der {
  return sequence(objectIdentifier(oid.data), tagged(0, octetString(data)));
}

/** RFC 7292 §4, MacData: HMAC-SHA-256. */
function integrity(content: Buffer, salt: Buffer): Der {
  const key = macKey({ password: trustStorePassword, salt, iterations: macIterations });
  const digest = createHmac('sha256', key).update(content).digest();
  const algorithm = sequence(objectIdentifier(oid.sha256), nothing());
  return sequence(
    sequence(algorithm, octetString(digest)),
    octetString(salt),
    integer(macIterations >> 8, macIterations & 0xff),
  );
}
