/**
 * All the ways to one mirror's content: its upstreams in order, each with and without the mirror's
 * account. The first that can answer does; what is out is left alone for a while.
 */
import type { Mirror } from '../config/configuration.ts';
import { errorCode, MirrorgateError } from '../errors/mirrorgate-error.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import { Breaker } from './breaker.ts';
import {
  permitsStale,
  UpstreamDeniedError,
  UpstreamError,
  UpstreamFailedError,
  UpstreamUnknownError,
  UpstreamUnreachableError,
} from './errors.ts';
import { FailureMemory } from './failure-memory.ts';
import type { UpstreamRequest, UpstreamResponse } from './messages.ts';
import { noObserver, type UpstreamObserver } from './observer.ts';
import { UpstreamRegistry } from './registry.ts';
import type { TransportOptions } from './transport.ts';
import type { UpstreamState } from './upstream-state.ts';

export interface UpstreamSetOptions extends Omit<TransportOptions, 'mirror'> {
  readonly mirror: Mirror;
}

export interface SetRequest extends UpstreamRequest {
  /** The source of an answer that broke off: others are tried before it. */
  readonly avoid?: string | undefined;
}

export interface SourcedResponse extends UpstreamResponse {
  /** Names the way that was taken, for {@link SetRequest.avoid}. */
  readonly source: string;
}

interface Way {
  readonly source: string;
  readonly host: string;
  readonly account: string | undefined;
  readonly registry: UpstreamRegistry;
  readonly breaker: Breaker;
  readonly memory: FailureMemory;
}

export class UpstreamSet {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #mirror: Mirror;
  readonly #observer: UpstreamObserver;
  readonly #ways: readonly Way[];

  constructor(options: UpstreamSetOptions) {
    const { mirror, clock, logger } = options;
    this.#clock = clock;
    this.#logger = logger;
    this.#mirror = mirror;
    this.#observer = options.observer ?? noObserver;
    this.#ways = mirror.upstreams.flatMap((upstream) => {
      const breaker = new Breaker(clock);
      const { host } = new URL(upstream);
      return accountsOf(mirror).map((credentials): Way => {
        const account = credentials?.username;
        return {
          source: `${host} ${account ?? 'anonymous'}`,
          host,
          account,
          registry: new UpstreamRegistry({
            ...options,
            mirror: { ...mirror, upstream, credentials },
          }),
          breaker,
          memory: new FailureMemory(clock),
        };
      });
    });
  }

  /**
   * As {@link UpstreamRegistry.fetch}, by the first way that can answer. An outage, a spent quota
   * and an anonymous denial pass the request on; what fails everywhere fails as it first did where
   * that was an outage, else as it last did.
   */
  async fetch(request: SetRequest): Promise<SourcedResponse> {
    let failure: unknown;
    for (const way of this.#order(request.avoid)) {
      try {
        const response = await this.#try(way, request);
        return { ...response, source: way.source };
      } catch (error) {
        if (!permitsStale(failure)) failure = error;
        if (!this.#passesOn(error, way)) break;
      }
    }
    throw failure;
  }

  /** Whether no more pulls should be spent than must be: the first way's rest is in reserve. */
  isQuotaLow(): boolean {
    const { reserve } = this.#mirror;
    const limit = this.#ways[0]?.registry.rateLimit();
    if (reserve === 0 || limit?.remaining === undefined) return false;
    const ageMs = this.#clock.now().getTime() - limit.seenAt.getTime();
    const isCurrent = ageMs < (limit.windowSeconds ?? 0) * 1000;
    return isCurrent && limit.remaining <= reserve;
  }

  states(): UpstreamState[] {
    return this.#ways.map(({ host, account, breaker, registry }) => ({
      host,
      account,
      breaker: breaker.state,
      rateLimit: registry.rateLimit(),
    }));
  }

  /** Ends everything in flight. Idempotent. */
  async close(): Promise<void> {
    await Promise.all(this.#ways.map(({ registry }) => registry.close()));
  }

  #order(avoid: string | undefined): readonly Way[] {
    if (avoid === undefined) return this.#ways;
    const last = this.#ways.filter(({ source }) => source === avoid);
    return [...this.#ways.filter(({ source }) => source !== avoid), ...last];
  }

  /** An answer ends it, but for one that the account, which comes next, may not get. */
  #passesOn(error: unknown, { account }: Way): boolean {
    if (permitsStale(error)) return true;
    const isRefusal = error instanceof UpstreamDeniedError || error instanceof UpstreamUnknownError;
    return isRefusal && account === undefined && this.#mirror.prefersAnonymous;
  }

  async #try(way: Way, request: SetRequest): Promise<UpstreamResponse> {
    const { registry, breaker, memory, host } = way;
    const known = memory.find(request);
    if (known !== undefined) throw known;
    if (!breaker.admit()) {
      throw new UpstreamUnreachableError(`${host} did not answer lately and is not asked now`, {
        host,
        hint: `it is tried again in ${breaker.pauseSeconds} s`,
      });
    }
    const begunAt = this.#clock.now().getTime();
    try {
      const response = await fetchTwice(registry, request);
      breaker.succeeded();
      return response;
    } catch (error) {
      memory.note(request, error);
      this.#tell(way, error);
      this.#judge(way, error, this.#clock.now().getTime() - begunAt);
      throw error;
    }
  }

  /** Content that is not there is an answer like any other. */
  #tell({ host }: Way, error: unknown): void {
    if (!(error instanceof MirrorgateError) || error instanceof UpstreamUnknownError) return;
    this.#observer.failed(this.#mirror.name, host, error.code);
  }

  /** Whether the failure says that the upstream is out; any answer that is none of that says not. */
  #judge({ breaker, host }: Way, error: unknown, durationMs: number): void {
    if (error instanceof UpstreamUnreachableError || isServerError(error)) {
      const before = breaker.state;
      breaker.failed(durationMs);
      if (before === 'closed' && breaker.state === 'open') {
        this.#logger.warn('upstream is out', {
          mirror: this.#mirror.name,
          host,
          ...errorFields(error),
        });
      }
    } else if (error instanceof UpstreamError) {
      breaker.succeeded();
    } else {
      breaker.undecided();
    }
  }
}

/** With and without the account, as the mirror prefers; undefined is anonymous. */
function accountsOf({
  credentials,
  prefersAnonymous,
}: Mirror): (Mirror['credentials'] | undefined)[] {
  if (credentials === undefined) return [undefined];
  return prefersAnonymous ? [undefined, credentials] : [credentials, undefined];
}

/**
 * Asks again at once where the connection was dropped without an answer: one that was kept alive
 * may have been closed by the upstream at the very moment it was used (RFC 9110 §9.2.2).
 */
async function fetchTwice(
  registry: UpstreamRegistry,
  request: SetRequest,
): Promise<UpstreamResponse> {
  try {
    return await registry.fetch(request);
  } catch (error) {
    const code = error instanceof UpstreamUnreachableError ? errorCode(error.cause) : undefined;
    if (code === undefined || !droppedConnectionCodes.has(code)) throw error;
    return await registry.fetch(request);
  }
}

const droppedConnectionCodes = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

function isServerError(error: unknown): boolean {
  return error instanceof UpstreamFailedError && error.status >= 500;
}
