/** A root of the private CA: its certificate, its key, and the names it is bound to. */
import type { KeyObject, X509Certificate } from 'node:crypto';
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

export interface Root {
  readonly state: RootState;
  readonly certificate: X509Certificate;
  readonly privateKey: KeyObject;
  /** What the certificate's name constraints say. */
  readonly permitted: readonly NameSubtree[];
}

export interface RootOptions {
  readonly name: string;
  readonly permitted: readonly NameSubtree[];
  readonly lifetimeMs: number;
  readonly now: Date;
}

/** A new self-signed root. Its common name differs from that of every other root. */
export function makeRoot({ name, permitted, lifetimeMs, now }: RootOptions): Root {
  const { publicKey, privateKey } = makeKeyPair();
  const identifier = keyIdentifier(publicKey);
  const subject = rootName(name, now, identifier);
  const certificate = signCertificate(
    {
      subject,
      issuer: subject,
      publicKey,
      issuedAt: now,
      notAfter: new Date(now.getTime() + lifetimeMs),
      extensions: [
        authorityConstraints(),
        authorityKeyUsage(),
        subjectKeyIdentifier(identifier),
        permittedNames(permitted),
      ],
    },
    privateKey,
  );
  return { state: 'active', certificate, privateKey, permitted };
}

/** `NAME root 2026-11-23 1a2b3c4d`, cut to the 64 characters of ub-common-name (RFC 5280 A.1). */
function rootName(name: string, now: Date, identifier: Buffer): string {
  const suffix = ` root ${now.toISOString().slice(0, 10)} ${identifier.toString('hex', 0, 4)}`;
  return `${Array.from(name)
    .slice(0, 64 - suffix.length)
    .join('')}${suffix}`;
}
