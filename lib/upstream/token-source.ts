/**
 * Asks a token server for a pull token (distribution, "Token Authentication Specification"). Only
 * by GET, which passwords and anonymous pulls need; the POST form (OAuth2), from which containerd
 * too falls back to GET, is not spoken. What the challenge proposes as scope is never used.
 */
import type { Mirror } from '../config/configuration.ts';
import type { HostName } from '../net/host-name.ts';
import type { Clock } from '../time/clock.ts';
import { isIdentityEncoded } from './answer-headers.ts';
import { discardBody, readBody } from './body.ts';
import { UpstreamContentError, UpstreamRefusedError } from './errors.ts';
import { requestText, type Answer } from './exchange.ts';
import { readFailure } from './failure.ts';
import { permittedUrl, urlHostName, urlText } from './named-url.ts';
import { isRedirect } from './redirects.ts';

export interface Token {
  readonly text: string;
  /** When to ask for another: a margin before its end, by our clock. */
  readonly renewAt: Date;
}

export type Credentials = NonNullable<Mirror['credentials']>;

export interface TokenRequest {
  readonly realm: URL;
  readonly service: string | undefined;
  readonly scope: string;
  /** Undefined asks anonymously. */
  readonly credentials: Credentials | undefined;
}

/** What a token request needs of its surroundings. */
export interface TokenContext {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly exchange: (url: URL, headers: Readonly<Record<string, string>>) => Promise<Answer>;
}

const maxTokenAnswerBytes = 64 * 1024;
/** "If omitted, this defaults to 60 seconds" (same specification, `expires_in`). */
const defaultLifetimeSeconds = 60;
const maxMarginSeconds = 30;

export interface RealmRule {
  /** Host names that may issue tokens, on any port. */
  readonly hosts: ReadonlySet<HostName>;
  /** The server that challenged us. */
  readonly challenger: string;
  readonly permitsPlainHttp: boolean;
}

/**
 * The realm of a challenge, where it may be asked. It is chosen by whoever answers for the
 * upstream, so it must be a host that the configuration knows (CVE-2026-33540, CVE-2020-15157).
 *
 * @throws UpstreamRefusedError
 */
export function permittedRealm(text: string | undefined, rule: RealmRule): URL {
  const { hosts, challenger: host, permitsPlainHttp } = rule;
  const url = text === undefined ? null : URL.parse(text);
  if (url === null) {
    throw new UpstreamRefusedError(`${host} names no usable token server`, { host });
  }
  const how = 'names the token server';
  const realm = permittedUrl({ url, host, how, permitsPlainHttp });
  const name = urlHostName(realm);
  if (name === undefined || !hosts.has(name)) {
    throw new UpstreamRefusedError(`${host} ${how} ${urlText(realm)}, which is none of its own`, {
      host,
      hint: `if the registry's tokens come from there, add ${realm.hostname} to tokenHosts of the mirror`,
    });
  }
  return realm;
}

export function basicAuthorization({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

/**
 * One token, fresh from the server.
 *
 * @throws UpstreamDeniedError for 401 and 403, UpstreamLimitedError, UpstreamFailedError,
 *   UpstreamUnreachableError
 * @throws UpstreamRefusedError for a redirect, UpstreamContentError for a useless answer
 */
export async function requestToken(request: TokenRequest, context: TokenContext): Promise<Token> {
  const { service, scope, credentials } = request;
  const { clock, signal } = context;
  const url = new URL(request.realm);
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', scope);
  const askedAt = clock.now();
  const answer = await context.exchange(url, {
    accept: 'application/json',
    ...(credentials === undefined ? {} : { authorization: basicAuthorization(credentials) }),
  });
  const { host } = url;
  const what = requestText('GET', url);
  if (isRedirect(answer.status)) {
    discardBody(answer.body, clock);
    throw new UpstreamRefusedError(`${what} was redirected, which a token request never is`, {
      host,
    });
  }
  if (answer.status !== 200) {
    const deniedHint =
      credentials === undefined
        ? 'the registry gives no anonymous token for this repository: give the mirror credentials'
        : `see whether the mirror's credentials are right and may pull ${scope}`;
    throw await readFailure(answer, { host, what, clock, signal, deniedHint });
  }
  if (!isIdentityEncoded(answer.headers)) {
    discardBody(answer.body, clock);
    throw new UpstreamRefusedError(`${what} was answered compressed`, { host });
  }
  const bytes = await readBody({ body: answer.body, host }, maxTokenAnswerBytes, signal);
  const token = tryToken(bytes.toString('utf8'), askedAt);
  if (token !== undefined) return token;
  throw new UpstreamContentError(`${what} was answered without a usable token`, { host });
}

/** `issued_at` is ignored: the server's clock says nothing about ours. */
function tryToken(json: string, askedAt: Date): Token | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    // The parser's message quotes the text, which may hold a token.
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = value as Readonly<Record<string, unknown>>;
  const text = [fields['token'], fields['access_token']].find(isTokenText);
  if (text === undefined) return undefined;
  const lifetimeSeconds = isLifetime(fields['expires_in'])
    ? fields['expires_in']
    : defaultLifetimeSeconds;
  const margin = Math.min(maxMarginSeconds, lifetimeSeconds / 4);
  return { text, renewAt: new Date(askedAt.getTime() + (lifetimeSeconds - margin) * 1000) };
}

/** What may stand in an Authorization header. */
function isTokenText(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value);
}

function isLifetime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= maxLifetimeSeconds;
}

/** A longer one is a mistake, and would not fit a Date. */
const maxLifetimeSeconds = 366 * 24 * 60 * 60;
