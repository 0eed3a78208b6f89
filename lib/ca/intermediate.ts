/** A CA below a root that is kept elsewhere: it signs leaves, and nothing but leaves. */
import { createPublicKey } from 'node:crypto';
import type { NameSubtree } from '../config/scalars.ts';
import {
  authorityConstraints,
  authorityKeyIdentifier,
  authorityKeyUsage,
  permittedNames,
  tlsAuthentication,
  subjectKeyIdentifier,
} from './extensions.ts';
import type { KeyOwner } from './kept-key.ts';
import { authorityName, commonName, type Signer } from './root.ts';
import { keyIdentifier, makeKeyPair, signCertificate } from './signed-certificate.ts';

export interface IntermediateOptions {
  readonly name: string;
  /** The names that its root is bound to. */
  readonly permitted: readonly NameSubtree[];
  readonly lifetimeMs: number;
  readonly now: Date;
}

/** Of the life of an intermediate: from then on its root is wanted. */
const dueShare = 2 / 3;

/** A new key with a certificate by `root`, which it does not outlive; no CA may stand below it. */
export function makeIntermediate(root: Signer, options: IntermediateOptions): KeyOwner {
  const { name, permitted, lifetimeMs, now } = options;
  const { publicKey, privateKey } = makeKeyPair();
  const identifier = keyIdentifier(publicKey);
  const rootEnd = root.certificate.validToDate.getTime();
  const certificate = signCertificate(
    {
      subject: authorityName(name, 'intermediate', { now, identifier }),
      issuer: commonName(root.certificate),
      publicKey,
      issuedAt: now,
      notAfter: new Date(Math.min(now.getTime() + lifetimeMs, rootEnd)),
      extensions: [
        authorityConstraints(0),
        authorityKeyUsage(),
        tlsAuthentication(),
        subjectKeyIdentifier(identifier),
        authorityKeyIdentifier(keyIdentifier(createPublicKey(root.privateKey))),
        permittedNames(permitted),
      ],
    },
    root.privateKey,
  );
  return { certificate, key: { kind: 'open', privateKey } };
}

/** When it is to be renewed, long before its end. */
export function renewalDate({ certificate }: Pick<KeyOwner, 'certificate'>): Date {
  const from = certificate.validFromDate.getTime();
  return new Date(from + (certificate.validToDate.getTime() - from) * dueShare);
}
