/**
 * How a root hands over to the next: its signature over the new root for whoever reads bundles,
 * and the new root's key under its own signature for TLS clients that know the old root alone.
 */
import { createPublicKey, sign, verify, type X509Certificate } from 'node:crypto';
import { fingerprint } from '../certificates/certificate-facts.ts';
import type { NameSubtree } from '../config/scalars.ts';
import {
  authorityConstraints,
  authorityKeyIdentifier,
  authorityKeyUsage,
  permittedNames,
  subjectKeyIdentifier,
} from './extensions.ts';
import { commonName, type Signer } from './root.ts';
import { keyIdentifier, signCertificate } from './signed-certificate.ts';

/** That a root which is trusted already vouches for another. */
export interface Endorsement {
  /** Fingerprint of the root that signed. */
  readonly by: string;
  /** ECDSA with SHA-256 over the DER form of the new root, as ECDSA-Sig-Value (RFC 3279 §2.2.3). */
  readonly signature: Buffer;
}

export function endorse(outgoing: Signer, incoming: X509Certificate): Endorsement {
  return {
    by: fingerprint(outgoing.certificate),
    signature: sign('sha256', incoming.raw, outgoing.privateKey),
  };
}

export function isEndorsed(
  incoming: X509Certificate,
  { by, signature }: Endorsement,
  outgoing: X509Certificate,
): boolean {
  const isSigner = fingerprint(outgoing) === by;
  return isSigner && verify('sha256', incoming.raw, outgoing.publicKey, signature);
}

export interface CrossOptions {
  readonly incoming: {
    readonly certificate: X509Certificate;
    readonly permitted: readonly NameSubtree[];
  };
  /** CAs that may stand below the incoming root. */
  readonly pathLength: number;
  readonly now: Date;
}

/**
 * The incoming root as a CA below the outgoing one: same name and key, so that a leaf has a path
 * to either (RFC 4949, "cross-certificate"). Clients hold its leaves to the constraints of both.
 */
export function crossSign(outgoing: Signer, options: CrossOptions): X509Certificate {
  const { incoming, pathLength, now } = options;
  const { publicKey, validToDate } = incoming.certificate;
  const end = Math.min(validToDate.getTime(), outgoing.certificate.validToDate.getTime());
  return signCertificate(
    {
      subject: commonName(incoming.certificate),
      issuer: commonName(outgoing.certificate),
      publicKey,
      issuedAt: now,
      notAfter: new Date(end),
      extensions: [
        authorityConstraints(pathLength),
        authorityKeyUsage(),
        subjectKeyIdentifier(keyIdentifier(publicKey)),
        authorityKeyIdentifier(keyIdentifier(createPublicKey(outgoing.privateKey))),
        permittedNames(incoming.permitted),
      ],
    },
    outgoing.privateKey,
  );
}
