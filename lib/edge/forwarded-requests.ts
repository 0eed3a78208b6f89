/**
 * Requests that a trusted proxy passes on for others. One connection of it carries those of many
 * clients, so that each request has a peer of its own: by it go rights, limits, budget and log.
 */
import type { IncomingMessage } from 'node:http';
import type { AllowList } from '../access/allow-list.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { addressText, type AddressBytes } from '../net/address.ts';
import { tryForwardedClient } from '../net/forwarded-for.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ClientCounts } from './client-counts.ts';
import { clientOf, type Peer } from './peer.ts';
import type { Traffic } from './traffic.ts';

/** Where the answer to a request goes, as far as it can be cut off. */
export interface Outlet {
  once(event: 'close', listener: () => void): unknown;
  destroy(): unknown;
}

type Received = Pick<IncomingMessage, 'headers'>;

/** Whom a request is from. */
export interface Requester {
  readonly peer: Peer;
  /** Why it is not answered, before anything else is asked. */
  readonly refusal: MirrorgateError | undefined;
}

export interface ForwardedRequestsOptions {
  readonly traffic: Traffic;
  readonly counts: ClientCounts;
  readonly logger: Logger;
  readonly maxPerClient: number;
  readonly isProxy: (address: AddressBytes) => boolean;
  readonly admissionOf: (address: AddressBytes) => ReturnType<AllowList['lookup']>;
  /** Told of every request of a client that is not on the allow-list. */
  readonly onDenied: (address: string) => void;
}

interface Live {
  readonly peer: Peer;
  readonly proxy: Peer;
}

export class ForwardedRequests {
  readonly #options: ForwardedRequestsOptions;
  readonly #live = new Map<Outlet, Live>();

  constructor(options: ForwardedRequestsOptions) {
    this.#options = options;
  }

  /**
   * By its X-Forwarded-For; a request that has none is the proxy's own. The header of anyone who is
   * no proxy is not looked at.
   */
  requesterOf(connection: Peer, { headers }: Received, outlet: Outlet): Requester {
    if (!connection.isProxy) return { peer: connection, refusal: undefined };
    const { isProxy, counts, maxPerClient, onDenied } = this.#options;
    connection.passage.meter.attribute({ mirror: undefined, repository: undefined });
    const { 'x-forwarded-for': header } = headers;
    if (header === undefined) return { peer: connection, refusal: undefined };
    const bytes = tryForwardedClient(String(header), isProxy);
    if (bytes === undefined) {
      const message = 'X-Forwarded-For of a trusted proxy names no client';
      const refusal = new MirrorgateError('MIRRORGATE_REQUEST_MALFORMED', message);
      return { peer: connection, refusal };
    }
    const isFull = counts.of(clientOf(bytes)) >= maxPerClient;
    const peer = this.#enter(bytes, connection, outlet);
    if (peer.admission === undefined) onDenied(peer.address);
    return { peer, refusal: isFull ? tooMany(peer) : undefined };
  }

  /** To be called when the allow-list or the trusted proxies have changed. */
  judgeAgain(): void {
    for (const [outlet, { peer, proxy }] of this.#live) {
      const before = peer.admission;
      peer.admission = this.#options.admissionOf(peer.bytes);
      // Who had no right before is being told so.
      if (proxy.isProxy && (before === undefined || peer.admission !== undefined)) continue;
      this.#options.logger.info('connection cut, its client is no longer allowed', {
        client: peer.address,
      });
      outlet.destroy();
    }
  }

  #enter(bytes: AddressBytes, proxy: Peer, outlet: Outlet): Peer {
    const { traffic, counts, admissionOf } = this.#options;
    const client = clientOf(bytes);
    const { passage, leave } = traffic.enterAs(client, proxy.passage);
    const peer: Peer = {
      ...{ address: addressText(bytes), bytes, client, passage },
      ...{ admission: admissionOf(bytes), certificate: undefined },
      ...{ isProxy: false, isCandidate: false, isVisitor: false },
    };
    counts.add(client);
    this.#live.set(outlet, { peer, proxy });
    outlet.once('close', () => {
      this.#live.delete(outlet);
      counts.remove(client);
      leave();
    });
    return peer;
  }
}

function tooMany({ address }: Peer): MirrorgateError {
  const message = `${address} has too many requests open at once`;
  return new MirrorgateError('MIRRORGATE_CLIENT_BUSY', message, {
    hint: 'wait for some of them; limits.connectionsPerAddress permits more',
  });
}
