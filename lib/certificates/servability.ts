/** Whether a certificate can be served, and whether its date casts doubt on this machine's clock. */
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { HostName } from '../net/host-name.ts';
import { checkCertifiedKey } from './certificate-facts.ts';
import type { CertifiedKey } from './issuer.ts';

export type Servability =
  | { readonly kind: 'good' }
  | { readonly kind: 'suspect'; readonly problem: MirrorgateError }
  | { readonly kind: 'unusable'; readonly problem: MirrorgateError };

/**
 * A certificate from the future is suspect, not unusable: the clock of this machine went back,
 * those of the clients did not, and another one ordered by a wrong clock would mend nothing.
 */
export function servability(
  certifiedKey: CertifiedKey,
  names: readonly HostName[],
  now: Date,
): Servability {
  try {
    checkCertifiedKey(certifiedKey, names, now);
    return { kind: 'good' };
  } catch (problem) {
    if (!(problem instanceof MirrorgateError)) throw problem;
    const early = problem.code === 'MIRRORGATE_CERTIFICATE_NOT_YET_VALID';
    return { kind: early ? 'suspect' : 'unusable', problem };
  }
}
