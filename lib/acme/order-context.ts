/** What an order at one CA needs around it. */
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import type { AcmeCa } from './acme-ca.ts';
import type { AcmeServer, AcmeSession } from './acme-server.ts';
import type { AcmeState } from './acme-state.ts';
import type { KeyType } from './certificate-request.ts';
import type { ChallengeKind, ChallengeResponders } from './challenge.ts';

export interface OrderContext {
  readonly ca: AcmeCa;
  readonly names: readonly string[];
  readonly server: AcmeServer;
  readonly session: AcmeSession;
  readonly state: AcmeState;
  readonly responders: ChallengeResponders;
  /** Kinds of challenges to use, the preferred one first. */
  readonly kinds: readonly ChallengeKind[];
  readonly keyType: KeyType;
  /** Identifier of the certificate that is replaced, where this CA made it (RFC 9773 §5). */
  readonly replaces: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** For the CA to look at a challenge, and for it to sign. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}
