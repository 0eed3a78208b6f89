/** A session that asks again, within seconds, where reading failed for a passing reason. */
import type { Clock } from '../time/clock.ts';
import { isPassing } from './acme-errors.ts';
import type { AcmeSession } from './acme-server.ts';
import { patiently } from './waiting.ts';

export interface PatienceOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * What changes something at the CA is asked once, since the answer alone may have been lost: how
 * it ended is seen when the order is taken up again.
 */
export function patientSession(session: AcmeSession, options: PatienceOptions): AcmeSession {
  const again = <T>(ask: () => Promise<T>): Promise<T> => patiently(ask, isPassing, options);
  return {
    ...session,
    order: (url) => again(() => session.order(url)),
    listOrders: () => again(() => session.listOrders()),
    authorization: (url) => again(() => session.authorization(url)),
    certificate: (order, chain) => again(() => session.certificate(order, chain)),
  };
}
