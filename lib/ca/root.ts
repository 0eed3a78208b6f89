/** A root of the private CA: its certificate, its key, and the names it is bound to. */
import type { KeyObject, X509Certificate } from 'node:crypto';
// Node 24 leaves node:tls without createSecureContext where toLegacyObject() was called before the
// module was first loaded; seen in 24.21. Can go when tls loads whole after it.
import 'node:tls';
import type { NameSubtree } from '../config/scalars.ts';
import {
  authorityConstraints,
  authorityKeyUsage,
  permittedNames,
  subjectKeyIdentifier,
} from './extensions.ts';
import { keyIdentifier, makeKeyPair, signCertificate } from './signed-certificate.ts';

/** `active` signs; `next` and `retiring` are trusted beside it while a rotation goes on. */
export type RootState = 'active' | 'next' | 'retiring';

/** A CA certificate with its key. */
export interface Signer {
  readonly certificate: X509Certificate;
  readonly privateKey: KeyObject;
}

export interface Root extends Signer {
  readonly state: RootState;
  /** What the certificate's name constraints say. */
  readonly permitted: readonly NameSubtree[];
}

/**
 * How many CAs may stand between a root and a leaf: its successor, which it signs when it is
 * rotated. Go counts a CA of the root's own name too, so that RFC 5280's exemption does not help.
 */
export const rootPathLength = 1;

/** Of a root whose key is kept elsewhere: room for the intermediate below its successor, too. */
export const offlineRootPathLength = 2;

export interface RootOptions {
  readonly name: string;
  readonly permitted: readonly NameSubtree[];
  readonly lifetimeMs: number;
  /** CAs that may stand between it and a leaf; {@link rootPathLength} unless told. */
  readonly pathLength?: number;
  readonly now: Date;
}

/** A new self-signed root. Its common name differs from that of every other root. */
export function makeRoot(options: RootOptions): Root {
  const { name, permitted, lifetimeMs, pathLength = rootPathLength, now } = options;
  const { publicKey, privateKey } = makeKeyPair();
  const identifier = keyIdentifier(publicKey);
  const subject = authorityName(name, 'root', { now, identifier });
  const certificate = signCertificate(
    {
      subject,
      issuer: subject,
      publicKey,
      issuedAt: now,
      notAfter: new Date(now.getTime() + lifetimeMs),
      extensions: [
        authorityConstraints(pathLength),
        authorityKeyUsage(),
        subjectKeyIdentifier(identifier),
        permittedNames(permitted),
      ],
    },
    privateKey,
  );
  return { state: 'active', certificate, privateKey, permitted };
}

/** The subject of a CA that this program made has this one attribute. */
export function commonName(certificate: X509Certificate): string {
  return String(certificate.toLegacyObject().subject.CN);
}

/** `NAME root 2026-11-23 1a2b3c4d`, cut to the 64 characters of ub-common-name (RFC 5280 A.1). */
export function authorityName(
  name: string,
  kind: 'root' | 'intermediate',
  { now, identifier }: { readonly now: Date; readonly identifier: Buffer },
): string {
  const suffix = ` ${kind} ${now.toISOString().slice(0, 10)} ${identifier.toString('hex', 0, 4)}`;
  return `${Array.from(name)
    .slice(0, 64 - suffix.length)
    .join('')}${suffix}`;
}
