/** Leaf certificates: for TLS servers and exactly their names, or for one TLS client; short-lived. */
import { createPublicKey } from 'node:crypto';
import type { CertifiedKey } from '../certificates/issuer.ts';
import type { Der } from './der.ts';
import {
  authorityKeyIdentifier,
  clientAuthentication,
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

export interface ClientLeafOptions extends Omit<LeafOptions, 'names'> {
  /** By which the allow-list knows it. */
  readonly name: string;
}

interface Purpose {
  readonly subject: string | undefined;
  readonly extensions: readonly Der[];
}

/**
 * A new key with a certificate that `signer` signed and does not outlive. Whether the names are
 * permitted is the caller's matter; clients refuse those that are not.
 */
export function makeLeaf(signer: Signer, { names, ...validity }: LeafOptions): CertifiedKey {
  const extensions = [serverAuthentication(), subjectNames(names)];
  return makeEndEntity(signer, validity, { subject: undefined, extensions });
}

/** As {@link makeLeaf}, for a client; nobody takes it for a server's. */
export function makeClientLeaf(
  signer: Signer,
  { name, ...validity }: ClientLeafOptions,
): CertifiedKey {
  return makeEndEntity(signer, validity, { subject: name, extensions: [clientAuthentication()] });
}

function makeEndEntity(
  signer: Signer,
  { lifetimeMs, now }: Omit<LeafOptions, 'names'>,
  { subject, extensions }: Purpose,
): CertifiedKey {
  const { publicKey, privateKey } = makeKeyPair();
  const signerEnd = signer.certificate.validToDate.getTime();
  const certificate = signCertificate(
    {
      subject,
      issuer: commonName(signer.certificate),
      publicKey,
      issuedAt: now,
      notAfter: new Date(Math.min(now.getTime() + lifetimeMs, signerEnd)),
      extensions: [
        endEntityConstraints(),
        signatureKeyUsage(),
        ...extensions,
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
