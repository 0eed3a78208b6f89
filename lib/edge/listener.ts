/** The listener for an address: TLS or plain http, each with what it may tell whom. */
import { endpointText } from '../net/endpoint.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import type { Address } from './addresses.ts';
import { answerChallenge } from './challenge-path.ts';
import type { Challenges } from './challenges.ts';
import type { Connections } from './connections.ts';
import type { Gateway } from './gateway.ts';
import { HttpsListener, type HttpsListenerOptions } from './https-listener.ts';
import type { Limits } from './limits.ts';
import { PlainListener } from './plain-listener.ts';
import type { SiteContexts } from './site-contexts.ts';

export type Listener = HttpsListener | PlainListener;

export interface ListenerContext {
  readonly connections: Connections;
  readonly contexts: SiteContexts;
  readonly trust: HttpsListenerOptions['trust'];
  readonly challenges: Challenges;
  readonly gateway: Gateway;
  readonly limits: Limits;
  readonly logger: Logger;
  /** Whether other processes listen on the same address. */
  readonly sharesPort: boolean;
  /** Whether CAs may come for HTTP-01 tokens. */
  readonly answersHttpChallenges: () => boolean;
}

/** One that listens not yet. */
export function createListener(
  { endpoint, role, proxiedFrom }: Address,
  context: ListenerContext,
): Listener {
  const { connections, contexts, trust, challenges, gateway, limits, logger, sharesPort } = context;
  const onError = (error: Error): void => {
    const address = endpointText(endpoint);
    logger.error('cannot accept connections', { address, ...errorFields(error) });
  };
  const options = { endpoint, proxiedFrom, sharesPort, connections, limits, onError };
  if (role !== undefined) {
    const admitsVisitors = (): boolean => challenges.awaitsHandshake;
    return new HttpsListener({
      ...options,
      asksClients: () => contexts.asksClients,
      ...{ role, contexts, trust, challenges, admitsVisitors, handler: gateway },
    });
  }
  return new PlainListener({
    ...options,
    admitsVisitors: context.answersHttpChallenges,
    handle(request, response, peer) {
      if (answerChallenge({ request, response, peer, limits }, challenges)) return;
      gateway.plain(request, response, peer);
    },
  });
}
