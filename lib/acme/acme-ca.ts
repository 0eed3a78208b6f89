/** A CA as configured, and what is known of CAs without being told. */
import type { ExternalAccount } from './acme-server.ts';

export interface AcmeCa {
  /** URL of its directory. */
  readonly directory: string;
  /**
   * Directory of a copy of it that nobody trusts, to try in after failures; undefined where there
   * is none.
   */
  readonly staging: string | undefined;
  readonly email: string | undefined;
  /** Whether the operator has agreed to its terms of service. */
  readonly agreesToTerms: boolean;
  readonly externalAccount: ExternalAccount | undefined;
  readonly profile: string | undefined;
  /** Common name of an issuer, to choose among several chains. */
  readonly preferredChain: string | undefined;
  /** PEM of roots to trust for this CA alone, beside the default ones. */
  readonly rootsPem: string | undefined;
}

/** The copy of `ca` that nobody trusts. */
export function stagingOf(ca: AcmeCa): AcmeCa | undefined {
  if (ca.staging === undefined) return undefined;
  return { ...ca, directory: ca.staging, staging: undefined, externalAccount: undefined };
}
