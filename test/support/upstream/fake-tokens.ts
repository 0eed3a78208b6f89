/** Authentication in front of a fake registry: Bearer tokens from `/token`, or Basic. */
import { randomBytes } from 'node:crypto';
import type { FakeExchange, Handler } from './fake-server.ts';
import { sendError } from './fake-registry.ts';

export interface TokenOptions {
  /** Named in the challenge; `/token` of the registry itself unless told. */
  readonly realm?: string;
  readonly service?: string;
  /** Whoever has none gets an anonymous token, unless `anonymous` is false. */
  readonly credentials?: FakeCredentials;
  readonly anonymous?: boolean;
  /** Left out of the answer where undefined. */
  readonly expiresInSeconds?: number;
  readonly field?: 'token' | 'access_token';
  /** The scope that the challenge proposes; the right one unless told. */
  readonly challengeScope?: string;
  /** Its own unless told; for tests that revoke tokens, or share them between servers. */
  readonly book?: TokenBook;
}

export interface FakeCredentials {
  readonly username: string;
  readonly password: string;
}

/** What was issued and is accepted; share one between a realm server and its registry. */
export class TokenBook {
  readonly #scopes = new Map<string, string>();

  issue(scope: string): string {
    const token = randomBytes(24).toString('base64url');
    this.#scopes.set(token, scope);
    return token;
  }

  accepts(token: string, scope: string): boolean {
    return this.#scopes.get(token) === scope;
  }

  /** As if every token had run out. */
  revokeAll(): void {
    this.#scopes.clear();
  }
}

/** `next` behind a Bearer challenge. */
export function withTokens(next: Handler, options: TokenOptions = {}): Handler {
  const book = options.book ?? new TokenBook();
  const issue = tokenServer({ ...options, book });
  return (exchange) => {
    const { record, request, url } = exchange;
    if (record.kind === 'token') return issue(exchange);
    const repository = /^\/v2\/(.+)\/(?:manifests|blobs|tags|referrers)\//.exec(url.pathname)?.[1];
    const scope = `repository:${repository ?? ''}:pull`;
    const [, token = ''] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
    if (book.accepts(token, scope)) return next(exchange);
    const realm = options.realm ?? `${url.origin}/token`;
    const challenge = [
      `Bearer realm="${realm}"`,
      `service="${options.service ?? 'fake registry'}"`,
      `scope="${options.challengeScope ?? scope}"`,
    ].join(',');
    sendError(exchange, {
      status: 401,
      code: 'UNAUTHORIZED',
      headers: { 'www-authenticate': challenge },
    });
    return undefined;
  };
}

/** The `/token` endpoint alone, for a realm on another host. */
export function tokenServer(options: TokenOptions): Handler {
  const { credentials, anonymous = true, expiresInSeconds, field = 'token' } = options;
  const book = options.book ?? new TokenBook();
  return (exchange) => {
    const { request, response, url } = exchange;
    const presented = request.headers.authorization;
    const isKnown = credentials !== undefined && presented === basic(credentials);
    if (!isKnown && (presented !== undefined || !anonymous)) {
      response
        .writeHead(401, { 'content-type': 'application/json' })
        .end(JSON.stringify({ details: 'incorrect username or password' }));
      return;
    }
    const answer = {
      [field]: book.issue(url.searchParams.get('scope') ?? ''),
      ...(expiresInSeconds === undefined ? {} : { expires_in: expiresInSeconds }),
    };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  };
}

/** `next` behind a Basic challenge. */
export function withBasic(next: Handler, credentials: FakeCredentials): Handler {
  return (exchange: FakeExchange) => {
    if (exchange.request.headers.authorization === basic(credentials)) return next(exchange);
    sendError(exchange, {
      status: 401,
      code: 'UNAUTHORIZED',
      headers: { 'www-authenticate': 'Basic realm="fake"' },
    });
    return undefined;
  };
}

function basic({ username, password }: FakeCredentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
