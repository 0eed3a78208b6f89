/**
 * The client of one upstream registry. It builds every request anew from parsed values: nothing
 * that a client sent is forwarded, and nothing that an upstream answers is obeyed unjudged.
 */
import type { UpstreamAccount } from './messages.ts';
import type { Clock } from '../time/clock.ts';
import { headerText } from './answer-headers.ts';
import { Authorizer, type Destination } from './authorizer.ts';
import { discardBody } from './body.ts';
import { startDeadline, untilAborted } from './deadline.ts';
import { UpstreamContentError, UpstreamRefusedError, UpstreamUnreachableError } from './errors.ts';
import { requestText, type Answer } from './exchange.ts';
import { readFailure } from './failure.ts';
import type { UpstreamRequest, UpstreamResponse } from './messages.ts';
import { mayUsePlainHttp } from './named-url.ts';
import { tryRateLimit, type RateLimit } from './rate-limit.ts';
import { isRedirect, maxRedirects, redirectTarget } from './redirects.ts';
import type { RequestTally } from './request-tally.ts';
import { repositoryIn, resourceHeaders, resourceUrl, unknownCode } from './resource-request.ts';
import { judgeAnswer } from './response.ts';
import { requestToken, type Token, type TokenRequest } from './token-source.ts';
import { Transport, type TransportOptions } from './transport.ts';

export type { UpstreamRequest, UpstreamResource, UpstreamResponse } from './messages.ts';
export type { RequestTally } from './request-tally.ts';

export type UpstreamRegistryOptions = TransportOptions;

/** Nothing presented, a token from the cache, a fresh one: a third 401 is an answer. */
const maxAttempts = 3;

interface Hop {
  readonly destination: Destination;
  readonly request: UpstreamRequest;
  readonly signal: AbortSignal;
}

/** The last hop's answer. */
interface Arrival {
  readonly answer: Answer;
  readonly request: UpstreamRequest;
  readonly url: URL;
  readonly signal: AbortSignal;
}

export class UpstreamRegistry {
  readonly #mirror: UpstreamAccount;
  readonly #host: string;
  readonly #clock: Clock;
  readonly #transport: Transport;
  readonly #authorizer: Authorizer;
  readonly #closing = new AbortController();
  #rateLimit: RateLimit | undefined;

  constructor(options: UpstreamRegistryOptions) {
    this.#mirror = options.mirror;
    this.#host = new URL(options.mirror.upstream).host;
    this.#clock = options.clock;
    this.#transport = new Transport(options);
    this.#authorizer = new Authorizer(options);
  }

  /**
   * Asks for one resource: tokens, redirects (5 at most) and one repetition with a new token are
   * seen to. Resolves with the headers of a success; the body follows at its reader's pace.
   *
   * @throws UpstreamUnreachableError, UpstreamFailedError, UpstreamLimitedError,
   *   UpstreamDeniedError, UpstreamRefusedError, UpstreamUnknownError, UpstreamContentError
   *   (lib/upstream/errors.ts); the reason of `request.signal`
   */
  async fetch(request: UpstreamRequest): Promise<UpstreamResponse> {
    const { firstByteMs } = this.#transport.deadlines;
    const host = this.#host;
    const deadline = startDeadline({
      clock: this.#clock,
      afterMs: firstByteMs,
      reason: () =>
        new UpstreamUnreachableError(`${host} gave no answer within ${firstByteMs} ms`, { host }),
      parents: [request.signal, this.#closing.signal],
    });
    try {
      return await this.#follow(request, deadline.signal);
    } finally {
      deadline.cancel();
    }
  }

  /** The quota that the upstream last told of; undefined where it never did. */
  rateLimit(): RateLimit | undefined {
    return this.#rateLimit;
  }

  /** Ends everything in flight with `MIRRORGATE_UPSTREAM_UNREACHABLE`. Idempotent. */
  async close(): Promise<void> {
    const host = this.#host;
    this.#closing.abort(new UpstreamUnreachableError(`the client of ${host} is closed`, { host }));
    await this.#transport.close();
  }

  async #follow(request: UpstreamRequest, signal: AbortSignal): Promise<UpstreamResponse> {
    let url = resourceUrl(this.#mirror.upstream, request);
    let isHome = true;
    for (let hops = 0; hops <= maxRedirects; hops += 1) {
      const repository = repositoryIn(url) ?? (isHome ? request.repository : undefined);
      const destination = { url, isHome, repository };
      const answer = await this.#authorized({ destination, request, signal });
      if (isHome) {
        this.#rateLimit = tryRateLimit(answer.headers, this.#clock.now()) ?? this.#rateLimit;
      }
      if (!isRedirect(answer.status)) return this.#conclude({ answer, request, url, signal });
      discardBody(answer.body, this.#clock);
      const target = redirectTarget({
        from: url,
        location: headerText(answer.headers, 'location'),
        permitsPlainHttp: mayUsePlainHttp(this.#mirror),
      });
      isHome &&= target.origin === url.origin;
      url = target;
    }
    const { host } = url;
    throw new UpstreamRefusedError(`${host} redirected more than ${maxRedirects} times`, { host });
  }

  /** The answer to `request` at `destination`, 401s answered as far as we can. */
  async #authorized({ destination, request, signal }: Hop): Promise<Answer> {
    const { tally } = request;
    const askForToken = (token: TokenRequest): Promise<Token> => this.#requestToken(token, tally);
    let authorization = await untilAborted(
      this.#authorizer.anticipate(destination, askForToken),
      signal,
    );
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.#transport.send({
        method: request.method,
        url: destination.url,
        headers: {
          ...resourceHeaders(request),
          ...(authorization === undefined ? {} : { authorization: authorization.header }),
        },
        signal,
        tally,
      });
      if (answer.status !== 401 || attempt === maxAttempts) return answer;
      const lines = answer.headers.get('www-authenticate') ?? [];
      const rejection = { destination, lines, rejected: authorization };
      try {
        authorization = await untilAborted(this.#authorizer.answer(rejection, askForToken), signal);
      } catch (error) {
        discardBody(answer.body, this.#clock);
        throw error;
      }
      if (authorization === undefined) return answer;
      discardBody(answer.body, this.#clock);
    }
  }

  /** Outlives the request that began it: others may wait for the same token. */
  async #requestToken(request: TokenRequest, tally: RequestTally | undefined): Promise<Token> {
    const { tokenMs } = this.#transport.deadlines;
    const { host } = request.realm;
    const deadline = startDeadline({
      clock: this.#clock,
      afterMs: tokenMs,
      reason: () =>
        new UpstreamUnreachableError(`${host} gave no token within ${tokenMs} ms`, { host }),
      parents: [this.#closing.signal],
    });
    const { signal } = deadline;
    try {
      return await requestToken(request, {
        clock: this.#clock,
        signal,
        exchange: (url, headers) =>
          this.#transport.send({ method: 'GET', url, headers, signal, tally }),
      });
    } finally {
      deadline.cancel();
    }
  }

  async #conclude({ answer, request, url, signal }: Arrival): Promise<UpstreamResponse> {
    const { host } = url;
    const what = requestText(request.method, url);
    if (answer.status === 200 || answer.status === 206) {
      try {
        return judgeAnswer({ answer, request, host, what });
      } catch (error) {
        answer.body.destroy();
        throw error;
      }
    }
    if (answer.status === 416) {
      answer.body.destroy();
      throw new UpstreamContentError(`${what} has no bytes from ${request.firstByte ?? 0} on`, {
        host,
      });
    }
    throw await readFailure(answer, {
      host,
      what,
      clock: this.#clock,
      signal,
      unknownCode: unknownCode(request.resource),
      deniedHint:
        this.#mirror.credentials === undefined
          ? `if the repository exists, give the mirror ${this.#mirror.name} credentials for it`
          : `see whether the credentials of the mirror ${this.#mirror.name} may pull it`,
    });
  }
}
