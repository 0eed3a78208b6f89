/** What a certificate says, and whether a key with its chain can serve given names now. */
import { X509Certificate } from 'node:crypto';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { isAddress, tryHostName, type HostName } from '../net/host-name.ts';
import type { CertifiedKey } from './issuer.ts';
import { certificateBlocks, parsePrivateKey } from './pem.ts';

export interface CertificateFacts {
  /** DNS names and addresses of the subjectAltName, canonical where they are host names. */
  readonly names: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Distinguished name of who signed it. */
  readonly issuer: string;
  /** Lower-case hex. */
  readonly serial: string;
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint: string;
}

/**
 * The certificates of a chain, leaf first.
 * @throws MirrorgateError `MIRRORGATE_CERTIFICATE_MALFORMED`
 */
export function parseChain(chainPem: string): [X509Certificate, ...X509Certificate[]] {
  try {
    const [leaf, ...rest] = certificateBlocks(chainPem).map((block) => new X509Certificate(block));
    if (leaf === undefined) throw new Error('there is no certificate in it');
    return [leaf, ...rest];
  } catch (cause) {
    throw new MirrorgateError(
      'MIRRORGATE_CERTIFICATE_MALFORMED',
      'the certificate chain cannot be read',
      { cause, hint: 'it must be PEM: the certificate first, then the intermediates' },
    );
  }
}

export function certificateFacts(certificate: X509Certificate): CertificateFacts {
  return {
    names: namesOf(certificate),
    notBefore: certificate.validFromDate,
    notAfter: certificate.validToDate,
    issuer: certificate.issuer.replaceAll('\n', ', '),
    serial: certificate.serialNumber.toLowerCase(),
    fingerprint: fingerprint(certificate),
  };
}

/** SHA-256 of the DER form, lower-case hex without separators. */
export function fingerprint(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}

/** Whether TLS clients accept `certificate` for `name`; a wildcard stands for one label (RFC 9525 §6.3). */
export function coversName(certificate: X509Certificate, name: HostName): boolean {
  return isAddress(name)
    ? certificate.checkIP(name) !== undefined
    : certificate.checkHost(name, { subject: 'never', partialWildcards: false }) !== undefined;
}

/**
 * The leaf of `certifiedKey`, once it is shown that the private key is its own.
 * @throws MirrorgateError `MIRRORGATE_CERTIFICATE_MALFORMED`, `MIRRORGATE_CERTIFICATE_KEY_MISMATCH`
 */
export function matchedLeaf({ chainPem, privateKeyPem }: CertifiedKey): X509Certificate {
  const [leaf] = parseChain(chainPem);
  if (leaf.checkPrivateKey(parsePrivateKey(privateKeyPem))) return leaf;
  throw new MirrorgateError(
    'MIRRORGATE_CERTIFICATE_KEY_MISMATCH',
    `the private key does not belong to the certificate ${certificateFacts(leaf).serial}`,
    { hint: 'bring together the key and the certificate that was made for it, leaf first' },
  );
}

/**
 * Whether `certifiedKey` can serve `names` at `now`; returns the facts of its leaf.
 * @throws MirrorgateError `MIRRORGATE_CERTIFICATE_MALFORMED`, `…_KEY_MISMATCH`, `…_NAMES`,
 *   `…_EXPIRED`, `…_NOT_YET_VALID`, looked for in this order
 */
export function checkCertifiedKey(
  certifiedKey: CertifiedKey,
  names: readonly HostName[],
  now: Date,
): CertificateFacts {
  const leaf = matchedLeaf(certifiedKey);
  const facts = certificateFacts(leaf);
  const missing = names.filter((name) => !coversName(leaf, name));
  if (missing.length > 0) {
    throw new MirrorgateError(
      'MIRRORGATE_CERTIFICATE_NAMES',
      `the certificate ${facts.serial} does not cover ${missing.join(', ')}`,
      { hint: `it is for ${facts.names.join(', ') || 'no name at all'}` },
    );
  }
  checkValidity(facts, now);
  return facts;
}

function checkValidity({ serial, notBefore, notAfter }: CertificateFacts, now: Date): void {
  if (now > notAfter) {
    throw new MirrorgateError(
      'MIRRORGATE_CERTIFICATE_EXPIRED',
      `the certificate ${serial} expired at ${notAfter.toISOString()}`,
      { hint: 'renew it; if it is fresh, check the clock of this machine' },
    );
  }
  if (now < notBefore) {
    throw new MirrorgateError(
      'MIRRORGATE_CERTIFICATE_NOT_YET_VALID',
      `the certificate ${serial} is valid only from ${notBefore.toISOString()}`,
      { hint: 'check the clock of this machine' },
    );
  }
}

/** node:crypto writes `DNS:a.example, IP Address:192.0.2.1`. */
function namesOf({ subjectAltName }: X509Certificate): string[] {
  return (subjectAltName ?? '').split(', ').flatMap((entry) => {
    const name = /^(?:DNS|IP Address):(.+)$/.exec(entry)?.[1];
    return name === undefined ? [] : [tryHostName(name) ?? name];
  });
}
