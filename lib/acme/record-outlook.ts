/** What a record tells of the certificates to come: to those who watch, with or without a gate. */
import type { X509Certificate } from 'node:crypto';
import { certificateFacts } from '../certificates/certificate-facts.ts';
import type { Outlook } from '../certificates/issuer.ts';
import type { IssuanceRecord } from './issuance-record.ts';
import { tryCertificateId } from './renewal-info.ts';
import { renewalInstant } from './renewal-policy.ts';

export function outlookOf({ attempts, renewal, issued, order }: IssuanceRecord): Outlook {
  return {
    ca: issued?.directory,
    window: renewal?.window,
    failures: attempts?.failures ?? 0,
    nextAttemptAt: attempts?.nextAt,
    lastError: attempts?.lastError,
    hasOpenOrder: order !== undefined,
  };
}

/** When the certificate with this leaf is to be replaced, as the issuer would say without asking the CA. */
export function dueAtByRecord(leaf: X509Certificate, { renewal }: IssuanceRecord): Date {
  const isAboutIt = renewal !== undefined && renewal.certificateId === tryCertificateId(leaf);
  return renewalInstant(certificateFacts(leaf), isAboutIt ? renewal.renewAt : undefined);
}
