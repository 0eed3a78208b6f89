/** What clients of the private CA are to trust: public facts alone, and the texts made of them. */
import type { X509Certificate } from 'node:crypto';
import { fingerprint } from '../certificates/certificate-facts.ts';
import type { RootState } from './root.ts';
import type { Endorsement } from './succession.ts';

export interface BundleRoot {
  readonly state: RootState;
  readonly certificate: X509Certificate;
  /** By the root before it; undefined for the first. */
  readonly endorsement: Endorsement | undefined;
}

export interface Bundle {
  /** Increases with every change. */
  readonly version: number;
  /** In the order active, next, retiring. */
  readonly roots: readonly [BundleRoot, ...BundleRoot[]];
}

/** `/ca/bundle.pem` */
export function bundlePem({ roots }: Bundle): string {
  return roots.map(({ certificate }) => certificate.toString()).join('');
}

/** `/ca/fingerprint`, without a line end: SHA-256 of the active root's DER form, in hexadecimal. */
export function bundleFingerprint({ roots }: Bundle): string {
  return fingerprint(roots[0].certificate);
}

/**
 * `/ca/bundle.json`. Each member stands on a line of its own, so that install.sh reads it with no
 * more than sed(1). A `signature` is ECDSA with SHA-256 over the DER form of the root, as
 * `openssl dgst -sha256 -verify` takes it, in base64.
 */
export function bundleJson({ version, roots }: Bundle): string {
  const document = {
    version,
    roots: roots.map(({ state, certificate, endorsement }) => ({
      state,
      fingerprint: fingerprint(certificate),
      subject: certificate.subject,
      notBefore: certificate.validFromDate.toISOString(),
      notAfter: certificate.validToDate.toISOString(),
      pem: certificate.toString(),
      ...(endorsement && {
        signature: {
          by: endorsement.by,
          algorithm: 'ecdsa-with-SHA256',
          value: endorsement.signature.toString('base64'),
        },
      }),
    })),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
