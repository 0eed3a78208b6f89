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

/** What an issuer may take into account beside the names. */
export interface IssueOptions {
  /** What the caller has and wants replaced; not to be given again. */
  readonly replacing?: CertifiedKey | undefined;
  /** Whether an operator asked: the issuer's own waiting after failures does not count then. */
  readonly isForced?: boolean;
}

/** What an issuer knows of the certificates to come, for those who watch. */
export interface Outlook {
  /** Who made the newest one. */
  readonly ca: string | undefined;
  /** When its maker would have it replaced. */
  readonly window: { readonly start: Date; readonly end: Date } | undefined;
  /** Failed attempts since the last success. */
  readonly failures: number;
  /** Not before, after failures. */
  readonly nextAttemptAt: Date | undefined;
  readonly lastError: string | undefined;
  /** Whether something has been ordered that is not there yet. */
  readonly hasOpenOrder: boolean;
}

/**
 * Makes certificates. The caller stores each {@link CertifiedKey} and asks again when it is due.
 */
export interface Issuer {
  /**
   * A new certificate for exactly `names`, which are DNS names and IP addresses.
   * Rejects with a `MirrorgateError` that says what failed and what to do; the caller then
   * keeps what it has and asks again later.
   */
  issue(
    names: readonly HostName[],
    signal: AbortSignal,
    options?: IssueOptions,
  ): Promise<CertifiedKey>;

  /**
   * When `held` should be replaced. A time in the past means now: its life is nearly over, or it
   * is no longer what this issuer would give (another root, another file).
   */
  dueAt(held: CertifiedKey, names: readonly HostName[], signal?: AbortSignal): Promise<Date>;

  /** Only of issuers that have more to tell than their certificates do. */
  outlook?(names: readonly HostName[]): Promise<Outlook>;
}
