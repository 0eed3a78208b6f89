/** Leaf certificates: for TLS servers alone, for exactly the given names, short-lived. */
import { createPublicKey } from 'node:crypto';
import type { CertifiedKey } from '../certificates/issuer.ts';
import {
  authorityKeyIdentifier,
  endEntityConstraints,
  serverAuthentication,
  signatureKeyUsage,
  subjectKeyIdentifier,
  subjectNames,
} from './extensions.ts';
import { commonName, type Signer } from './root.ts';
import { keyIdentifier, makeKeyPair, signCertificate } from './signed-certificate.ts';

export interface LeafOptions {
  /** DNS names and IP addresses. */
  readonly names: readonly string[];
  readonly lifetimeMs: number;
  readonly now: Date;
}

/**
 * A new key with a certificate that `signer` signed and does not outlive. Whether the names are
 * permitted is the caller's matter; clients refuse those that are not.
 */
export function makeLeaf(signer: Signer, { names, lifetimeMs, now }: LeafOptions): CertifiedKey {
  const { publicKey, privateKey } = makeKeyPair();
  const signerEnd = signer.certificate.validToDate.getTime();
  const certificate = signCertificate(
    {
      subject: undefined,
      issuer: commonName(signer.certificate),
      publicKey,
      issuedAt: now,
      notAfter: new Date(Math.min(now.getTime() + lifetimeMs, signerEnd)),
      extensions: [
        endEntityConstraints(),
        signatureKeyUsage(),
        serverAuthentication(),
        subjectNames(names),
        subjectKeyIdentifier(keyIdentifier(publicKey)),
        authorityKeyIdentifier(keyIdentifier(createPublicKey(signer.privateKey))),
      ],
    },
    signer.privateKey,
  );
  return {
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    chainPem: certificate.toString(),
  };
}
