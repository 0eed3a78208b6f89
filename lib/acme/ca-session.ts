/**
 * RFC 8555 as an account holder, signed by acme-client. Each session puts its own HTTP under the
 * one function through which acme-client speaks, so that nothing of its module-global axios is
 * ever used: roots, deadlines and typed problems are those of {@link CaExchange}.
 */
import acme, {
  type Authorization as ClientAuthorization,
  type Order as ClientOrder,
} from 'acme-client';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import type {
  AccountIdentity,
  AcmeSession,
  Authorization,
  OfferedChallenge,
  Order,
} from './acme-server.ts';
import { caHost, type CaAnswer, type CaExchange } from './exchange.ts';
import {
  accountDocument,
  authorizationDocument,
  challengeDocument,
  orderDocument,
  orderListDocument,
  parseAnswer,
  unexpectedAnswer,
} from './wire.ts';

export interface CaSessionOptions {
  readonly directoryUrl: string;
  readonly exchange: CaExchange;
  readonly account: AccountIdentity;
  readonly signal: AbortSignal;
}

/** The part of acme-client 5.4 that is replaced; it is not in its types, so it is looked at. */
interface ClientInside {
  readonly http: {
    request: (
      url: string,
      method: string,
      options?: { readonly data?: unknown },
    ) => Promise<CaAnswer>;
    maxBadNonceRetries: number;
    /** Not for the session's life: an account key with a binding is registered once. */
    externalAccountBinding: { readonly kid: string; readonly hmacKey: string } | undefined;
  };
}

/** A CA that refuses every second nonce lets nearly all requests through within so many. */
const maxBadNonceRetries = 20;
/** Of the account's list of orders: only the latest can be of use. */
const maxOrderPages = 20;

export function openCaSession(options: CaSessionOptions): AcmeSession {
  const { directoryUrl, exchange, account, signal } = options;
  const host = caHost(directoryUrl);
  const client = new acme.Client({
    directoryUrl,
    accountKey: account.privateKeyPem,
    ...(account.url === undefined ? {} : { accountUrl: account.url }),
  });
  const { http } = insideOf(client);
  const answers = new WeakMap<object, CaAnswer>();
  http.maxBadNonceRetries = maxBadNonceRetries;
  http.request = nonceKeeping(async (url, method, data) => {
    const body = data === undefined ? undefined : JSON.stringify(data);
    const answer = await exchange({ method, url, body, signal });
    if (typeof answer.data === 'object' && answer.data !== null) answers.set(answer.data, answer);
    return answer;
  });

  /** acme-client throws plain errors for what it does not understand. */
  const ask = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof MirrorgateError) throw error;
      throw unexpectedAnswer(`${host} answered what was not expected`, error);
    }
  };
  const retryAt = (data: object): Date | undefined => answers.get(data)?.retryAt;

  const readOrder = (data: ClientOrder): Order => {
    const order = parseAnswer(orderDocument, data, { host, what: 'order' });
    return { certificate: undefined, ...order, url: data.url, retryAt: retryAt(data) };
  };
  const readAuthorization = (data: ClientAuthorization): Authorization => {
    const { wildcard, ...rest } = parseAnswer(authorizationDocument, data, {
      host,
      what: 'authorization',
    });
    return { ...rest, isWildcard: wildcard, url: data.url, retryAt: retryAt(data) };
  };
  const readChallenge = (data: unknown): OfferedChallenge =>
    parseAnswer(challengeDocument, data, { host, what: 'challenge' });
  /** acme-client knows POST-as-GET of any resource (RFC 8555 §6.3) under this name alone. */
  const read = (url: string): Promise<ClientOrder> => client.getOrder({ url } as ClientOrder);

  return {
    register: ({ email, externalAccount }) =>
      ask(async () => {
        http.externalAccountBinding = externalAccount && {
          kid: externalAccount.keyId,
          hmacKey: externalAccount.key,
        };
        await client.createAccount({
          termsOfServiceAgreed: true,
          ...(email === undefined ? {} : { contact: [`mailto:${email}`] }),
        });
        return client.getAccountUrl();
      }),

    placeOrder: ({ identifiers, profile, replaces }) =>
      ask(async () => {
        const request = {
          identifiers: identifiers.map(({ type, value }) => ({ type, value })),
          ...(profile === undefined ? {} : { profile }),
          ...(replaces === undefined ? {} : { replaces }),
        };
        return readOrder(await client.createOrder(request));
      }),

    order: (url) => ask(async () => readOrder(await read(url))),

    listOrders: () =>
      ask(async () => {
        const account = parseAnswer(accountDocument, await read(client.getAccountUrl()), {
          host,
          what: 'account',
        });
        const urls: string[] = [];
        let next = account.orders;
        for (let page = 0; next !== undefined && page < maxOrderPages; page += 1) {
          const data = await read(next);
          const list = parseAnswer(orderListDocument, data, { host, what: 'list of orders' });
          urls.push(...(list.orders ?? []));
          next = nextLink(answers.get(data)?.headers['link']);
        }
        return urls;
      }),

    authorization: (url) =>
      ask(async () => {
        const data = await read(url);
        return readAuthorization(data as unknown as ClientAuthorization);
      }),

    answer: (challenge) =>
      ask(async () => {
        const { url, token, status } = challenge;
        const data = await client.completeChallenge({ type: 'http-01', url, token, status });
        return readChallenge(data);
      }),

    finalize: (order, requestPem) =>
      ask(async () => readOrder(await client.finalizeOrder(clientOrder(order), requestPem))),

    certificate: (order, preferredChain) =>
      ask(() => client.getCertificate(clientOrder(order), preferredChain)),

    keyAuthorization: (token) =>
      ask(() =>
        client.getChallengeKeyAuthorization({ type: 'http-01', url: '', token, status: 'pending' }),
      ),
  };
}

function insideOf(client: object): ClientInside {
  const inside = client as Partial<ClientInside>;
  if (typeof inside.http?.request === 'function') return inside as ClientInside;
  throw new TypeError('this acme-client is not built as version 5.4: its requests cannot be led');
}

function clientOrder({ url, status, finalize, certificate }: Order): ClientOrder {
  const order = { url, status, finalize, identifiers: [], authorizations: [] };
  return certificate === undefined ? order : { ...order, certificate };
}

type Send = (url: string, method: 'GET' | 'HEAD' | 'POST', data: unknown) => Promise<CaAnswer>;

/**
 * Each answer carries a nonce for the next request (RFC 8555 §6.5); acme-client would fetch one
 * for each by a HEAD of its own, twice the requests.
 */
function nonceKeeping(send: Send): ClientInside['http']['request'] {
  const nonces: string[] = [];
  return async (url, verb, { data } = {}) => {
    const method = verb.toUpperCase();
    if (method === 'HEAD') {
      const nonce = nonces.pop();
      if (nonce === undefined) return await send(url, 'HEAD', undefined);
      return { status: 200, headers: { 'replay-nonce': nonce }, data: '', retryAt: undefined };
    }
    const answer = await send(url, method === 'GET' ? 'GET' : 'POST', data);
    const { 'replay-nonce': nonce } = answer.headers;
    // acme-client uses the nonce of a refused request by itself.
    if (nonce !== undefined && answer.status < 400) nonces.push(nonce);
    return answer;
  };
}

/** The target of `rel="next"` (RFC 8288 §3). */
function nextLink(header: string | undefined): string | undefined {
  return /<([^>]*)>\s*;\s*rel="?next"?/i.exec(header ?? '')?.[1];
}
