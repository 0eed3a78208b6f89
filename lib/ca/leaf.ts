/** Leaf certificates: for TLS servers alone, for exactly the given names, short-lived. */
import { createPublicKey, type X509Certificate } from 'node:crypto';
import type { CertifiedKey } from '../certificates/issuer.ts';
import {
  authorityKeyIdentifier,
  endEntityConstraints,
  serverAuthentication,
  signatureKeyUsage,
  subjectKeyIdentifier,
  subjectNames,
} from './extensions.ts';
import type { Root } from './root.ts';
import { keyIdentifier, makeKeyPair, signCertificate } from './signed-certificate.ts';

export interface LeafOptions {
  /** DNS names and IP addresses. */
  readonly names: readonly string[];
  readonly lifetimeMs: number;
  readonly now: Date;
}

/**
 * A new key with a certificate that `root` signed and does not outlive. Whether the names are
 * permitted is the caller's matter; clients refuse those that are not.
 */
export function makeLeaf(root: Root, { names, lifetimeMs, now }: LeafOptions): CertifiedKey {
  const { publicKey, privateKey } = makeKeyPair();
  const rootEnd = root.certificate.validToDate.getTime();
  const certificate = signCertificate(
    {
      subject: undefined,
      issuer: commonName(root.certificate),
      publicKey,
      issuedAt: now,
      notAfter: new Date(Math.min(now.getTime() + lifetimeMs, rootEnd)),
      extensions: [
        endEntityConstraints(),
        signatureKeyUsage(),
        serverAuthentication(),
        subjectNames(names),
        subjectKeyIdentifier(keyIdentifier(publicKey)),
        authorityKeyIdentifier(keyIdentifier(createPublicKey(root.privateKey))),
      ],
    },
    root.privateKey,
  );
  return {
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    chainPem: certificate.toString(),
  };
}

/** The subject of a root that {@link makeRoot} made has this one attribute. */
function commonName(certificate: X509Certificate): string {
  return String(certificate.toLegacyObject().subject.CN);
}
