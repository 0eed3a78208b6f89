/**
 * A CA within the process, behind the seam of {@link AcmeServer}: it lives by the clock of its test,
 * looks at challenges through {@link FakeResponder}, and counts what it is asked.
 */
import { createHash, createPublicKey, X509Certificate, type KeyObject } from 'node:crypto';
import forge from 'node-forge';
import { acmeProblem } from '../../../lib/acme/problem.ts';
import type {
  AccountIdentity,
  AcmeServer,
  AcmeSession,
  Authorization,
  Directory,
  Identifier,
  OfferedChallenge,
  Order,
  OrderRequest,
  RenewalInfo,
} from '../../../lib/acme/acme-server.ts';
import type { Challenge, ChallengeKind, ChallengeResponder } from '../../../lib/acme/challenge.ts';
import { encodeDer } from '../../../lib/ca/der.ts';
import {
  authorityKeyIdentifier,
  endEntityConstraints,
  subjectNames,
} from '../../../lib/ca/extensions.ts';
import { keyIdentifier, makeKeyPair, signCertificate } from '../../../lib/ca/signed-certificate.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import { dayMs } from '../test-certificates.ts';

/** What a test may have a CA do in place of what it does by itself. */
export interface FakeCaBehaviour {
  /** Thrown by the request of this name. */
  failure?: (request: FakeRequest) => Error | undefined;
  directory?: Partial<Directory>;
  /** Undefined: two thirds into the life, a day long at most. */
  window?: (certificate: X509Certificate) => RenewalInfo;
  /** Undefined: the same for all. */
  lifetimeMs?: (names: readonly string[]) => number;
}

export type FakeRequest =
  | 'directory'
  | 'renewalInfo'
  | 'register'
  | 'placeOrder'
  | 'order'
  | 'listOrders'
  | 'authorization'
  | 'answer'
  | 'finalize'
  | 'certificate';

export interface PlacedOrder extends OrderRequest {
  readonly url: string;
  readonly at: Date;
  status: Order['status'];
  readonly authorizations: readonly string[];
  chainPem: string | undefined;
  error: unknown;
}

interface KnownAuthorization extends Authorization {
  readonly order: string;
  readonly challenges: readonly OfferedChallenge[];
}

/** Holds what is put up, for the {@link FakeCa} to see. */
export class FakeResponder implements ChallengeResponder {
  readonly standing = new Set<string>();
  readonly presented: Challenge[] = [];
  failure: Error | undefined;

  present(challenge: Challenge): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    this.presented.push(challenge);
    this.standing.add(`${challenge.kind} ${challenge.host}`);
    return Promise.resolve();
  }

  withdraw(challenge: Challenge): Promise<void> {
    this.standing.delete(`${challenge.kind} ${challenge.host}`);
    return Promise.resolve();
  }
}

export class FakeCa implements AcmeServer {
  readonly url: string;
  readonly behaviour: FakeCaBehaviour = {};
  readonly orders: PlacedOrder[] = [];
  readonly certificates: X509Certificate[] = [];
  readonly requests: FakeRequest[] = [];
  /** By public key; its size is how many accounts there are. */
  readonly accounts = new Map<string, string>();
  /** Kinds of challenges that fail at this CA. */
  readonly unseen = new Set<ChallengeKind>();
  failedValidations: Date[] = [];
  lifetimeMs: number;
  readonly #clock: Clock;
  readonly #responder: FakeResponder;
  readonly #key = makeKeyPair();
  readonly #authorizations = new Map<string, KnownAuthorization>();

  constructor(
    name: string,
    options: {
      readonly clock: Clock;
      readonly responder: FakeResponder;
      readonly lifetimeMs?: number;
    },
  ) {
    this.url = `https://${name}.test/directory`;
    this.#clock = options.clock;
    this.#responder = options.responder;
    this.lifetimeMs = options.lifetimeMs ?? 90 * dayMs;
  }

  /** Problem as this CA would send it. */
  problem(type: string, retryAt?: Date, status = 400): Error {
    const data = { type: `urn:ietf:params:acme:error:${type}`, detail: `test says ${type}` };
    return acmeProblem({ host: new URL(this.url).host, status, data, retryAt });
  }

  /** Orders that are neither done nor dead. */
  openOrders(): PlacedOrder[] {
    return this.orders.filter(({ status }) => ['pending', 'ready', 'processing'].includes(status));
  }

  async directory(): Promise<Directory> {
    await this.#count('directory');
    return {
      termsOfService: 'https://terms.test/1',
      needsExternalAccount: false,
      profiles: {},
      hasRenewalInfo: true,
      clockSkewMs: 0,
      ...this.behaviour.directory,
    };
  }

  async renewalInfo(certificateId: string): Promise<RenewalInfo> {
    await this.#count('renewalInfo');
    const [, serial = ''] = certificateId.split('.');
    const hex = Buffer.from(serial, 'base64url').toString('hex').toUpperCase();
    const certificate = this.certificates.find(({ serialNumber }) => serialNumber === hex);
    if (certificate === undefined) throw this.problem('malformed', undefined, 404);
    if (this.behaviour.window !== undefined) return this.behaviour.window(certificate);
    const { validToDate: end, validFromDate: start } = certificate;
    const lifeMs = end.getTime() - start.getTime();
    const middle = end.getTime() - lifeMs / 3;
    const halfMs = Math.min(dayMs, lifeMs / 50);
    return {
      start: new Date(middle - halfMs),
      end: new Date(middle + halfMs),
      explanationUrl: undefined,
      retryAt: new Date(this.#clock.now().getTime() + 6 * 3_600_000),
    };
  }

  open(account: AccountIdentity): Promise<AcmeSession> {
    return Promise.resolve(this.#session(account));
  }

  #session({ privateKeyPem, url: knownUrl }: AccountIdentity): AcmeSession {
    const der = createPublicKey(privateKeyPem).export({ type: 'spki', format: 'der' });
    const thumbprint = createHash('sha256').update(der).digest('base64url');
    let url = knownUrl;
    const asAccount = async (request: FakeRequest): Promise<void> => {
      await this.#count(request);
      if (url === undefined || this.accounts.get(thumbprint) !== url) {
        throw this.problem('accountDoesNotExist');
      }
    };
    return {
      register: async () => {
        await this.#count('register');
        url = this.accounts.get(thumbprint) ?? `${this.url}/account/${this.accounts.size + 1}`;
        this.accounts.set(thumbprint, url);
        return url;
      },
      placeOrder: async (request) => {
        await asAccount('placeOrder');
        return this.#show(this.#place(request));
      },
      order: async (orderUrl) => {
        await asAccount('order');
        return this.#show(this.#find(orderUrl));
      },
      listOrders: async () => {
        await asAccount('listOrders');
        return this.orders.map((order) => order.url);
      },
      authorization: async (authorizationUrl) => {
        await asAccount('authorization');
        return this.#authorization(authorizationUrl);
      },
      answer: async (challenge) => {
        await asAccount('answer');
        return this.#judge(challenge);
      },
      finalize: async (order, requestPem) => {
        await asAccount('finalize');
        return this.#show(this.#sign(this.#find(order.url), requestPem));
      },
      certificate: async (order) => {
        await asAccount('certificate');
        return this.#find(order.url).chainPem ?? '';
      },
      keyAuthorization: (token) => Promise.resolve(`${token}.${thumbprint}`),
    };
  }

  /** A CA answers later, if only by a moment. */
  async #count(request: FakeRequest): Promise<void> {
    await Promise.resolve();
    this.requests.push(request);
    const failure = this.behaviour.failure?.(request);
    if (failure !== undefined) throw failure;
  }

  #place(request: OrderRequest): PlacedOrder {
    const url = `${this.url}/order/${this.orders.length + 1}`;
    const authorizations = request.identifiers.map((identifier, index) => {
      const authorizationUrl = `${url}/authorization/${index}`;
      this.#authorizations.set(authorizationUrl, pending(authorizationUrl, url, identifier));
      return authorizationUrl;
    });
    const order: PlacedOrder = {
      ...request,
      url,
      authorizations,
      at: this.#clock.now(),
      status: 'pending',
      chainPem: undefined,
      error: undefined,
    };
    this.orders.push(order);
    return order;
  }

  #find(url: string): PlacedOrder {
    const order = this.orders.find((placed) => placed.url === url);
    if (order === undefined) throw this.problem('malformed', undefined, 404);
    return order;
  }

  #show({ url, status, identifiers, authorizations, error }: PlacedOrder): Order {
    return {
      url,
      status,
      identifiers,
      authorizations,
      error,
      finalize: `${url}/finalize`,
      certificate: `${url}/certificate`,
      retryAt: undefined,
    };
  }

  #authorization(url: string): KnownAuthorization {
    const authorization = this.#authorizations.get(url);
    if (authorization === undefined) throw this.problem('malformed', undefined, 404);
    return authorization;
  }

  #judge(challenge: OfferedChallenge): OfferedChallenge {
    const [url = '', type = ''] = challenge.url.split('#');
    const authorization = this.#authorization(url);
    const { value } = authorization.identifier;
    const kind = type as ChallengeKind;
    const isSeen = this.#responder.standing.has(`${kind} ${value}`) && !this.unseen.has(kind);
    const status = isSeen ? 'valid' : 'invalid';
    const error = isSeen ? undefined : { type: 'urn:ietf:params:acme:error:connection' };
    const challenges = authorization.challenges.map((offered): OfferedChallenge =>
      offered.url === challenge.url ? { ...offered, status, error } : offered,
    );
    this.#authorizations.set(url, { ...authorization, status, challenges });
    const order = this.#find(authorization.order);
    if (!isSeen) {
      this.failedValidations.push(this.#clock.now());
      order.status = 'invalid';
    } else if (order.authorizations.every((each) => this.#authorization(each).status === 'valid')) {
      order.status = 'ready';
    }
    return { ...challenge, status, error };
  }

  #sign(order: PlacedOrder, requestPem: string): PlacedOrder {
    if (order.status !== 'ready') throw this.problem('orderNotReady', undefined, 403);
    const now = this.#clock.now();
    const names = order.identifiers.map(({ value }) => value);
    const lifetimeMs = this.behaviour.lifetimeMs?.(names) ?? this.lifetimeMs;
    const certificate = signCertificate(
      {
        subject: undefined,
        issuer: this.url,
        publicKey: requestedKey(requestPem),
        issuedAt: now,
        notAfter: new Date(now.getTime() + lifetimeMs),
        extensions: [
          endEntityConstraints(),
          subjectNames(names),
          authorityKeyIdentifier(keyIdentifier(this.#key.publicKey)),
        ],
      },
      this.#key.privateKey,
    );
    this.certificates.push(certificate);
    order.chainPem = certificate.toString();
    order.status = 'valid';
    return order;
  }
}

function pending(url: string, order: string, identifier: Identifier): KnownAuthorization {
  const isWildcard = identifier.value.startsWith('*.');
  const kinds = isWildcard ? ['dns-01'] : ['dns-01', 'tls-alpn-01', 'http-01'];
  return {
    url,
    order,
    identifier: { ...identifier, value: identifier.value.replace(/^\*\./, '') },
    status: 'pending',
    isWildcard,
    retryAt: undefined,
    challenges: kinds.map((type) => ({
      type,
      url: `${url}#${type}`,
      status: 'pending',
      token: createHash('sha256').update(url).digest('base64url'),
    })),
  };
}

/** The third part of a CertificationRequestInfo (RFC 2986 §4.1). */
function requestedKey(requestPem: string): KeyObject {
  const bytes = Buffer.from(requestPem.replaceAll(/-----.*-----/g, ''), 'base64');
  const request = forge.asn1.fromDer(bytes.toString('latin1')).value as forge.asn1.Asn1[];
  const key = (request[0]?.value as forge.asn1.Asn1[])[2];
  if (key === undefined) throw new TypeError('no public key in the request');
  return createPublicKey({ key: encodeDer(key), format: 'der', type: 'spki' });
}
