/** The connections of one mirror to its upstream, its token servers and its redirects. */
import type { LookupFunction } from 'node:net';
import { Agent } from 'undici';
import type { UpstreamAccount } from './messages.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import { anyAddress, publicAddressesOnly, type AddressPolicy } from './address-policy.ts';
import { defaultDeadlines, type Deadlines } from './deadline.ts';
import { exchange, requestText, type Answer } from './exchange.ts';
import { guardedConnector } from './guarded-connector.ts';
import { noObserver, type UpstreamObserver } from './observer.ts';
import type { RequestTally } from './request-tally.ts';

export interface TransportOptions {
  readonly mirror: UpstreamAccount;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Shown to upstreams: `mirrorgate/1.2.3`. */
  readonly version?: string;
  /** By default what `mirror.allowPrivateUpstream` says. */
  readonly permits?: AddressPolicy;
  /** The system's resolver unless told. */
  readonly lookup?: LookupFunction;
  readonly deadlines?: Partial<Deadlines>;
  readonly observer?: UpstreamObserver;
  /** Of all upstreams together; as fast as they can unless told. */
  readonly pace?: UpstreamPace;
}

/** How fast bodies may come. */
export interface UpstreamPace {
  /** Takes `bytes` that have come. Returns for how many milliseconds no more may come. */
  take(bytes: number): number;
}

export interface Transmission {
  readonly method: 'GET' | 'HEAD';
  readonly url: URL;
  /** Beside those that every request carries. */
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly tally: RequestTally | undefined;
}

/** More transfers than this from one origin wait for a free connection. */
const maxConnectionsPerOrigin = 256;

/**
 * Idle connections are closed after this where the server does not say for how long it keeps them:
 * a new one costs two or three round trips. Most keep them for a minute, and what was dropped all
 * the same is asked for again.
 */
const usualIdleMs = 30_000;

/** And after this, whatever a server offers: nobody else closes them. */
const longestIdleMs = 60_000;

export class Transport {
  readonly deadlines: Deadlines;
  readonly #agent: Agent;
  readonly #logger: Logger;
  readonly #mirrorName: string;
  readonly #observer: UpstreamObserver;
  readonly #pace: UpstreamPace | undefined;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(options: TransportOptions) {
    const { mirror, clock, logger, version } = options;
    this.deadlines = { ...defaultDeadlines, ...options.deadlines };
    this.#logger = logger;
    this.#mirrorName = mirror.name;
    this.#observer = options.observer ?? noObserver;
    this.#pace = options.pace;
    this.#headers = {
      'user-agent': version === undefined ? 'mirrorgate' : `mirrorgate/${version}`,
      'accept-encoding': 'identity',
    };
    this.#agent = new Agent({
      connect: guardedConnector({
        permits:
          options.permits ?? (mirror.allowPrivateUpstream ? anyAddress : publicAddressesOnly),
        trust: mirror.upstreamTrust,
        prefersIPv4: mirror.prefersIPv4,
        clock,
        connectDeadlineMs: this.deadlines.connectMs,
        lookup: options.lookup,
      }),
      allowH2: false,
      connections: maxConnectionsPerOrigin,
      keepAliveTimeout: usualIdleMs,
      keepAliveMaxTimeout: longestIdleMs,
      pipelining: 1,
    });
  }

  /** One request, counted; fails as {@link exchange} does. */
  async send({ method, url, headers, signal, tally }: Transmission): Promise<Answer> {
    if (tally !== undefined) tally.requests += 1;
    const mirror = this.#mirrorName;
    const request = requestText(method, url);
    this.#logger.debug('upstream request', { mirror, request });
    const begunAt = performance.now();
    let status: number | undefined;
    try {
      const answer = await exchange(this.#agent, {
        ...{ method, url, signal },
        headers: { ...this.#headers, ...headers },
        bodyIdleMs: this.deadlines.bodyIdleMs,
        onBytes: (sizeBytes) => {
          this.#observer.received(mirror, sizeBytes);
          return this.#pace?.take(sizeBytes) ?? 0;
        },
      });
      ({ status } = answer);
      return answer;
    } finally {
      const durationMs = performance.now() - begunAt;
      this.#observer.answered(mirror, status, durationMs);
      tally?.steps?.push({ request, status, durationMs });
    }
  }

  /** Ends every connection, in use or not. Idempotent. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}
