/** What is put up for a CA to see (RFC 8555 §8, RFC 8737, RFC 8738), and who puts it up. */
import { createHash } from 'node:crypto';
import { assertNever } from '../errors/assert-never.ts';
import { addressText, tryAddress } from '../net/address.ts';
import type { CertifiedKey } from '../certificates/issuer.ts';
import type { Clock } from '../time/clock.ts';
import { alpnCertificate } from './alpn-certificate.ts';

export type ChallengeKind = 'http-01' | 'tls-alpn-01' | 'dns-01';

/**
 * `GET http://HOST:80/.well-known/acme-challenge/TOKEN` answers 200 with `keyAuthorization` as
 * `application/octet-stream` (RFC 8555 §8.3). The Host header is `host`; it may carry a port.
 */
export interface HttpChallenge {
  readonly kind: 'http-01';
  readonly host: string;
  /** Base64url. */
  readonly token: string;
  readonly keyAuthorization: string;
}

/**
 * A handshake on port 443 with the ALPN `acme-tls/1` alone and `serverName` gets this certificate
 * and that ALPN, and is then closed (RFC 8737 §3).
 */
export interface TlsAlpnChallenge {
  readonly kind: 'tls-alpn-01';
  readonly host: string;
  /** `host`, or for an address its name in the reverse zone (RFC 8738 §6). */
  readonly serverName: string;
  readonly certifiedKey: CertifiedKey;
}

/** A TXT record `name` has `value` among its values (RFC 8555 §8.4). */
export interface DnsChallenge {
  readonly kind: 'dns-01';
  /** Of the zone, without `*.`. */
  readonly host: string;
  /** `_acme-challenge.HOST`, without a dot at the end. */
  readonly name: string;
  readonly value: string;
}

export type Challenge = HttpChallenge | TlsAlpnChallenge | DnsChallenge;

/** Puts challenges up for a CA to see. Several may stand at once, for one host too. */
export interface ChallengeResponder {
  /**
   * Resolves when whoever asks from now on, at every listener, gets the answer. Rejects where that
   * cannot be had; then and later {@link withdraw} is called all the same.
   */
  present(challenge: Challenge, signal: AbortSignal): Promise<void>;
  /** Idempotent: also for what was never there. */
  withdraw(challenge: Challenge): Promise<void>;
}

export type ChallengeResponders = ReadonlyMap<ChallengeKind, ChallengeResponder>;

export interface ChallengeFacts {
  readonly kind: ChallengeKind;
  readonly host: string;
  readonly token: string;
  readonly keyAuthorization: string;
  readonly clock: Clock;
}

export function makeChallenge({
  kind,
  host,
  token,
  keyAuthorization,
  clock,
}: ChallengeFacts): Challenge {
  const digest = createHash('sha256').update(keyAuthorization).digest();
  switch (kind) {
    case 'http-01':
      return { kind, host, token, keyAuthorization };
    case 'tls-alpn-01': {
      const certifiedKey = alpnCertificate({ host, digest, now: clock.now() });
      return { kind, host, serverName: challengeServerName(host), certifiedKey };
    }
    case 'dns-01':
      return { kind, host, name: `_acme-challenge.${host}`, value: digest.toString('base64url') };
    default:
      return assertNever(kind);
  }
}

/** The server name with which a CA asks for `host` (RFC 8737 §3, RFC 8738 §6, RFC 3596 §2.5). */
export function challengeServerName(host: string): string {
  const address = tryAddress(host);
  if (address === undefined) return host;
  if (address.length === 4) return `${addressText(address.toReversed())}.in-addr.arpa`;
  const nibbles = Buffer.from(address).toString('hex').split('').reverse().join('.');
  return `${nibbles}.ip6.arpa`;
}
