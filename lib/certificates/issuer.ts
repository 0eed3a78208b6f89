/** The seam between who keeps certificates and who makes them: private CA, files, ACME. */
import type { HostName } from '../net/host-name.ts';

/**
 * A private key with its certificate chain: one unit, stored, checked and swapped whole.
 * The chain is PEM, leaf first; the root is not part of it.
 */
export interface CertifiedKey {
  readonly privateKeyPem: string;
  readonly chainPem: string;
}

/**
 * Makes certificates. An issuer keeps no list of what it made: the keeper stores each
 * {@link CertifiedKey} and asks again when it is due.
 */
export interface Issuer {
  /**
   * A new certificate for exactly `names`, which are DNS names and IP addresses.
   * Rejects with a `MirrorgateError` that says what failed and what to do; the caller then
   * keeps what it has and asks again later.
   */
  issue(names: readonly HostName[], signal: AbortSignal): Promise<CertifiedKey>;

  /**
   * When `held` should be replaced. A time in the past means now: its life is nearly over, or it
   * is no longer what this issuer would give (another root, another file).
   */
  dueAt(held: CertifiedKey, names: readonly HostName[]): Promise<Date>;
}
