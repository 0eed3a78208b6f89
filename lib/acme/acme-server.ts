/**
 * The seam towards a CA: what issuing needs of RFC 8555 and RFC 9773, in values. Real CAs are
 * behind `acme-client`; tests put a CA of their own there. Every method rejects with
 * `MIRRORGATE_ACME_PROBLEM` (the CA refused), `…_UNREACHABLE` (no answer), `…_ANSWER` (no sense).
 */

/** What is to stand in a certificate: a DNS name, `*.` before it or not, or an IP address. */
export interface Identifier {
  readonly type: 'dns' | 'ip';
  readonly value: string;
}

/** What a CA says of itself (RFC 8555 §7.1.1). */
export interface Directory {
  readonly termsOfService: string | undefined;
  readonly needsExternalAccount: boolean;
  /** By name, each with what the CA says of it; empty where it knows none. */
  readonly profiles: Readonly<Record<string, string>>;
  readonly hasRenewalInfo: boolean;
  /** How far the CA's clock is ahead of this machine's; undefined where it did not say. */
  readonly clockSkewMs: number | undefined;
}

export interface OrderRequest {
  readonly identifiers: readonly Identifier[];
  readonly profile: string | undefined;
  /** The certificate that this one is to follow (RFC 9773 §5). */
  readonly replaces: string | undefined;
}

/** Something that the CA is working on. */
export interface Pollable {
  /** Not to be asked again before; undefined where the CA did not say. */
  readonly retryAt: Date | undefined;
}

/** RFC 8555 §7.1.3. */
export interface Order extends Pollable {
  readonly url: string;
  readonly status: 'pending' | 'ready' | 'processing' | 'valid' | 'invalid';
  readonly identifiers: readonly Identifier[];
  readonly authorizations: readonly string[];
  readonly finalize: string;
  readonly certificate: string | undefined;
  /** The problem document of an invalid order, as sent. */
  readonly error?: unknown;
}

/** RFC 8555 §7.1.4. */
export interface Authorization extends Pollable {
  readonly url: string;
  /** Without the `*.` of a wildcard. */
  readonly identifier: Identifier;
  readonly status: 'pending' | 'valid' | 'invalid' | 'deactivated' | 'expired' | 'revoked';
  readonly isWildcard: boolean;
  readonly challenges: readonly OfferedChallenge[];
}

/** RFC 8555 §8; kinds that nobody here knows are among them. */
export interface OfferedChallenge {
  readonly type: string;
  readonly url: string;
  readonly status: 'pending' | 'processing' | 'valid' | 'invalid';
  readonly token: string;
  /** The problem document of a failed one, as sent. */
  readonly error?: unknown;
}

/** When the CA would have a certificate replaced (RFC 9773 §4.2). */
export interface RenewalInfo extends Pollable {
  readonly start: Date;
  readonly end: Date;
  readonly explanationUrl: string | undefined;
}

export interface ExternalAccount {
  readonly keyId: string;
  /** HMAC key, base64url as CAs give it. */
  readonly key: string;
}

export interface AccountRequest {
  readonly email: string | undefined;
  readonly externalAccount: ExternalAccount | undefined;
}

/** Who speaks to the CA; without `url` it is not registered yet. */
export interface AccountIdentity {
  readonly privateKeyPem: string;
  readonly url: string | undefined;
}

/** A CA as anybody may ask it. */
export interface AcmeServer {
  directory(signal: AbortSignal): Promise<Directory>;
  /** For a certificate named by {@link Order}'s `replaces` form; only where the directory has it. */
  renewalInfo(certificateId: string, signal: AbortSignal): Promise<RenewalInfo>;
  /** Speaks as `account` until `signal` aborts what it does. Asks the CA nothing yet. */
  open(account: AccountIdentity, signal: AbortSignal): Promise<AcmeSession>;
}

/** A CA as an account holder may ask it. */
export interface AcmeSession {
  /**
   * Registers the key, agreeing to the terms, or finds the account that it has (RFC 8555 §7.3.1).
   * Resolves with the account's URL. Needed first where the identity had none.
   */
  register(request: AccountRequest): Promise<string>;
  placeOrder(request: OrderRequest): Promise<Order>;
  order(url: string): Promise<Order>;
  /** URLs of the account's orders; none where the CA keeps no such list (RFC 8555 §7.1.2.1). */
  listOrders(): Promise<readonly string[]>;
  authorization(url: string): Promise<Authorization>;
  /** Has the CA look at a challenge. Resolves before it has. */
  answer(challenge: OfferedChallenge): Promise<OfferedChallenge>;
  finalize(order: Order, requestPem: string): Promise<Order>;
  /**
   * The chain of a valid order, PEM, leaf first: the one that has an issuer of the common name
   * `preferredChain` where there is one, else the CA's first (RFC 8555 §7.4.2).
   */
  certificate(order: Order, preferredChain: string | undefined): Promise<string>;
  /** RFC 8555 §8.1. */
  keyAuthorization(token: string): Promise<string>;
}
