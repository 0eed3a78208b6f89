/** Roots that an operator names for one peer alone. */
import { X509Certificate } from 'node:crypto';
import type { SecretReference } from './sources.ts';
import type { Finding, KeyPath } from './yaml-file.ts';

export interface ReadingContext {
  readonly findings: Finding[];
  /** Reads a secret; a missing one becomes a finding at `path` and an empty string. */
  readonly readSecret: (reference: SecretReference, path: KeyPath) => string;
}

/** A file without a certificate would be no trust at all, and be noticed only when it is used. */
export function readTrust(
  reference: SecretReference,
  path: KeyPath,
  { findings, readSecret }: ReadingContext,
): string {
  const pem = readSecret(reference, path);
  if (pem !== '' && !isCertificate(pem)) {
    findings.push({
      path,
      message: 'the file does not begin with a PEM certificate',
      fix: 'name a file with -----BEGIN CERTIFICATE-----',
    });
  }
  return pem;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).publicKey.type === 'public';
  } catch {
    return false;
  }
}
