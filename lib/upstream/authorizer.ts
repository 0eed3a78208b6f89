/**
 * What to present to whom. The mirror's credentials and tokens go to its own upstream; a registry
 * that we were redirected to is asked anonymously, with a token from its own host alone.
 */
import { LRUCache } from 'lru-cache';
import type { UpstreamAccount } from './messages.ts';
import { tryHostName, type HostName } from '../net/host-name.ts';
import type { RepositoryName } from '../oci/names.ts';
import type { Clock } from '../time/clock.ts';
import { parseChallenges, type Challenge } from './challenge.ts';
import { UpstreamContentError } from './errors.ts';
import { mayUsePlainHttp, urlHostName } from './named-url.ts';
import { TokenCache, type TokenKey } from './token-cache.ts';
import {
  basicAuthorization,
  permittedRealm,
  type RealmRule,
  type Token,
  type TokenRequest,
} from './token-source.ts';

/** Where a request goes, as far as it matters here. */
export interface Destination {
  readonly url: URL;
  /** The mirror's upstream, reached without ever having left its origin. */
  readonly isHome: boolean;
  /** What the URL names there; undefined where it is no registry path. */
  readonly repository: RepositoryName | undefined;
}

export interface Authorization {
  /** The `Authorization` header. */
  readonly header: string;
  /** Where it came from, so that it can be taken back; undefined for Basic. */
  readonly token: { readonly key: TokenKey; readonly text: string } | undefined;
  /** Whether a rejection is final: nothing newer can be had. */
  readonly isFinal: boolean;
}

/** A 401 to what was presented. */
export interface Rejection {
  readonly destination: Destination;
  /** The values of `WWW-Authenticate`. */
  readonly lines: readonly string[];
  /** Undefined where nothing was presented. */
  readonly rejected: Authorization | undefined;
}

export interface AuthorizerOptions {
  readonly mirror: UpstreamAccount;
  readonly clock: Clock;
}

/** Gets a token; called at most once for any herd. */
export type RequestToken = (request: TokenRequest) => Promise<Token>;

interface Obtaining {
  readonly destination: Destination;
  readonly challenge: Challenge;
  readonly requestToken: RequestToken;
}

/** Origins that challenged us: the upstream and the registries behind its redirects. */
const maxChallengers = 64;

export class Authorizer {
  readonly #mirror: UpstreamAccount;
  readonly #tokens: TokenCache;
  readonly #tokenHosts: ReadonlySet<HostName>;
  readonly #challenges = new LRUCache<string, Challenge>({ max: maxChallengers });

  constructor({ mirror, clock }: AuthorizerOptions) {
    this.#mirror = mirror;
    this.#tokens = new TokenCache(clock);
    const names = mirror.tokenHosts.map(tryHostName);
    this.#tokenHosts = new Set(names.filter((name) => name !== undefined));
  }

  /**
   * What the destination will want, going by its last challenge; undefined where it has never
   * challenged us. Fails as {@link answer} does.
   */
  async anticipate(
    destination: Destination,
    requestToken: RequestToken,
  ): Promise<Authorization | undefined> {
    const { origin } = destination.url;
    const challenge = this.#challenges.get(origin);
    if (challenge === undefined || destination.repository === undefined) return undefined;
    try {
      return await this.#obtain({ destination, challenge, requestToken });
    } catch (error) {
      // It may have another realm by now: let it challenge us again.
      this.#challenges.delete(origin);
      throw error;
    }
  }

  /**
   * Answers the `WWW-Authenticate` lines of a 401. `rejected` is what had been presented.
   * Undefined where nothing that we have would change the answer.
   *
   * @throws UpstreamRefusedError for a realm that may not be asked
   * @throws UpstreamContentError for lines that are no challenges; whatever `requestToken` throws
   */
  async answer(
    { destination, lines, rejected }: Rejection,
    requestToken: RequestToken,
  ): Promise<Authorization | undefined> {
    if (rejected?.isFinal === true) return undefined;
    if (rejected?.token !== undefined) this.#tokens.drop(rejected.token.key, rejected.token.text);
    const challenge = chooseChallenge(lines, destination.url.host);
    if (challenge === undefined) return undefined;
    const authorization = await this.#obtain({ destination, challenge, requestToken });
    this.#challenges.set(destination.url.origin, challenge);
    return authorization;
  }

  async #obtain({
    destination,
    challenge,
    requestToken,
  }: Obtaining): Promise<Authorization | undefined> {
    const { isHome, repository } = destination;
    const credentials = isHome ? this.#mirror.credentials : undefined;
    if (challenge.scheme === 'basic') {
      return (
        credentials && { header: basicAuthorization(credentials), token: undefined, isFinal: true }
      );
    }
    if (repository === undefined) return undefined;
    const realm = permittedRealm(challenge.parameters.get('realm'), this.#realmRule(destination));
    const service = challenge.parameters.get('service');
    const scope = `repository:${repository}:pull`;
    const key = { realm: realm.href, service, scope, username: credentials?.username };
    const { text, isFresh } = await this.#tokens.get(key, () =>
      requestToken({ realm, service, scope, credentials }),
    );
    return { header: `Bearer ${text}`, token: { key, text }, isFinal: isFresh };
  }

  #realmRule({ isHome, url }: Destination): RealmRule {
    const own = urlHostName(url);
    return {
      hosts: new Set([...(own === undefined ? [] : [own]), ...(isHome ? this.#tokenHosts : [])]),
      challenger: url.host,
      permitsPlainHttp: mayUsePlainHttp(this.#mirror),
    };
  }
}

/** Bearer before Basic, whatever order they came in: a token says less than a password. */
function chooseChallenge(lines: readonly string[], host: string): Challenge | undefined {
  const result = parseChallenges(lines);
  if (result.kind === 'malformed') {
    throw new UpstreamContentError(`${host} sent a malformed challenge: ${result.reason}`, {
      host,
    });
  }
  const { challenges } = result;
  return (
    challenges.find(({ scheme }) => scheme === 'bearer') ??
    challenges.find(({ scheme }) => scheme === 'basic')
  );
}
