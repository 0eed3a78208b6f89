/** What is known of clients while a root is replaced. Told by whoever sees their handshakes. */

/** A client that was seen of late and would not trust the new root. */
export interface LackingClient {
  readonly address: string;
  /** As in the allow-list. */
  readonly label?: string | undefined;
  readonly lastSeen: Date;
  /** `never fetched the bundle`, `refused the new root`: for people. */
  readonly reason: string;
}

/**
 * What is known of one client: `trusts` where it took our certificate and no new root comes,
 * `has-new-root` and `lacks-new-root` while one does.
 */
export type ClientTrust =
  'trusts' | 'has-new-root' | 'lacks-new-root' | 'fails-handshakes' | 'unknown';

export interface ClientEvidence {
  /**
   * Clients seen after `since` that are not known to trust the root with this fingerprint
   * (SHA-256 of its DER form, lower-case hexadecimal).
   */
  lacking(rootFingerprint: string, since: Date): readonly LackingClient[];
}

/** Where nobody watches: nothing speaks against a step. */
export const noEvidence: ClientEvidence = { lacking: () => [] };
