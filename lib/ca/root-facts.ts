/** What `ca status` shows of a root: nothing that is secret. */
import { fingerprint } from '../certificates/certificate-facts.ts';
import type { KeptRoot } from './authority-state.ts';
import { renewalDate } from './intermediate.ts';
import { subtreeText } from './name-subtrees.ts';
import type { RootState } from './root.ts';

export interface RootFacts {
  readonly state: RootState;
  /** Distinguished name. */
  readonly subject: string;
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** DNS zones and CIDR blocks that it may sign for. */
  readonly permitted: readonly string[];
  /** Fingerprint of the root that vouched for it; undefined for the first. */
  readonly endorsedBy: string | undefined;
  /** Whether its key is kept elsewhere, and an intermediate signs in its place. */
  readonly isOffline: boolean;
  readonly intermediate: IntermediateFacts | undefined;
}

export interface IntermediateFacts {
  readonly notAfter: Date;
  /** From then on its root is to be presented. */
  readonly dueAt: Date;
}

export function rootFacts(root: KeptRoot): RootFacts {
  const { state, certificate, permitted, endorsement, key, intermediate } = root;
  return {
    state,
    subject: certificate.subject,
    fingerprint: fingerprint(certificate),
    notBefore: certificate.validFromDate,
    notAfter: certificate.validToDate,
    permitted: permitted.map(subtreeText),
    endorsedBy: endorsement?.by,
    isOffline: key.kind === 'offline',
    intermediate: intermediate && {
      notAfter: intermediate.certificate.validToDate,
      dueAt: renewalDate(intermediate),
    },
  };
}
