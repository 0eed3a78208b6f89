/** When a certificate is to be replaced. Everything counts in fractions of its life. */
import type { CertificateFacts } from '../certificates/certificate-facts.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** Lives below this are renewed at the half: a failure leaves little time to mend. */
const shortLifeMs = 10 * dayMs;
const shortLifeLeft = 1 / 2;
const usualLeft = 1 / 3;
/** Renewals without a plan of the CA are spread over this, before the usual time. */
const spread = 1 / 20;
/** With less left, whatever any plan says. */
const emergencyLeft = 1 / 20;

export type Validity = Pick<CertificateFacts, 'notBefore' | 'notAfter' | 'fingerprint'>;

export function lifetimeMs({ notBefore, notAfter }: Validity): number {
  return notAfter.getTime() - notBefore.getTime();
}

/**
 * The instant that the CA's plan gives, else the usual one; in no case later than when a
 * twentieth of the life is left.
 */
export function renewalInstant(validity: Validity, planned: Date | undefined): Date {
  const instant = planned ?? usualInstant(validity);
  const latest = validity.notAfter.getTime() - lifetimeMs(validity) * emergencyLeft;
  return new Date(Math.min(instant.getTime(), latest));
}

/** The same for a certificate whenever it is asked, without remembering anything. */
function usualInstant(validity: Validity): Date {
  const { fingerprint, notAfter } = validity;
  const life = lifetimeMs(validity);
  const left = life < shortLifeMs ? shortLifeLeft : usualLeft;
  const jitter = (spread * Number.parseInt(fingerprint.slice(0, 8), 16)) / 0xffff_ffff;
  return new Date(notAfter.getTime() - life * (left + jitter));
}
