/** What those who show a running gate may know of it, as it is at the moment they look. */
import type { ClientTrust } from '../ca/client-evidence.ts';
import type { IntermediateFacts } from '../ca/root-facts.ts';
import type { CertificateStatus } from '../certificates/certificate-keeper.ts';
import type { Configuration } from '../config/configuration.ts';
import type { BandwidthStatus } from './bandwidth-status.ts';
import type { CaStatus } from './ca-operations.ts';

/** A root of the private CA, as far as it is public. */
export interface WatchedRoot {
  readonly state: 'active' | 'next' | 'retiring';
  readonly fingerprint: string;
  readonly notAfter: Date;
  /** What signs in its place, where its key is kept elsewhere. */
  readonly intermediate: IntermediateFacts | undefined;
}

export interface WatchedGate {
  readonly version: string;
  readonly isReady: boolean;
  readonly configuration: Configuration;
  readonly certificates: readonly CertificateStatus[];
  /** Empty where no host uses the private CA. */
  readonly roots: readonly WatchedRoot[];
  readonly bandwidth: BandwidthStatus;
  /** Undefined where no host uses the private CA. */
  readonly ca: () => CaStatus | undefined;
  /** What is known now of clients' trust in the private CA, by address. */
  readonly clientTrust: () => (address: string) => ClientTrust;
}
