/** What an edge tells of its work, declared here by the one who tells it. */
import type { CacheStatus } from '../net/cache-status.ts';

/** What a request was for, as far as it got. */
export type ExchangeKind =
  'manifest' | 'blob' | 'tags' | 'referrers' | 'ping' | 'service' | 'ca' | 'setup' | 'other';

/** One request and its answer, once the last byte is sent or the connection broke off. */
export interface FinishedExchange {
  /** Milliseconds since 1970. */
  readonly endedAtMs: number;
  readonly client: string | undefined;
  readonly label: string | undefined;
  readonly host: string | undefined;
  /** The mirror's or service's name. */
  readonly mirror: string | undefined;
  readonly kind: ExchangeKind;
  readonly repository: string | undefined;
  /** Tag or digest. */
  readonly reference: string | undefined;
  readonly method: string | undefined;
  /** Undefined where no answer began. */
  readonly status: number | undefined;
  readonly cache: CacheStatus | undefined;
  readonly upstreamRequests: number | undefined;
  readonly sentBytes: number;
  readonly firstByteMs: number;
  readonly durationMs: number;
  readonly isComplete: boolean;
  readonly agent: string | undefined;
  /** Why it was refused. */
  readonly error: string | undefined;
}

/** Why a connection was closed before it could ask for anything. */
export type DenialReason = 'not-allowed' | 'strangers-full' | 'address-full' | 'edge-full';

/** How a client of the private CA was seen to take it. */
export type TrustSighting = {
  readonly client: string;
  readonly label: string | undefined;
} & (
  | {
      /** It asked for something under a certificate of the CA, or broke off with an alert about it. */
      readonly kind: 'accepted' | 'refused';
    }
  | { readonly kind: 'fetched'; readonly bundleVersion: number }
);

/** None of these may throw or wait: they run in the middle of everything. */
export interface EdgeObserver {
  finished(exchange: FinishedExchange): void;
  denied(client: string, reason: DenialReason): void;
  sighted(sighting: TrustSighting): void;
}
