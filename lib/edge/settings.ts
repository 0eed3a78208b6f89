/** What an edge needs to know of the configuration: routing facts, and never an upstream's secret. */
import type { Mirror, Service, Site } from '../config/configuration.ts';
import type { LimitsConfiguration } from '../config/limits-schema.ts';
import type { Cidr } from '../net/cidr.ts';
import type { TcpEndpoint } from '../net/endpoint.ts';
import type { HostName } from '../net/host-name.ts';

/** A mirror as the edge sees it. */
export type EdgeMirror = Pick<
  Mirror,
  'name' | 'registry' | 'aliases' | 'hosts' | 'ports' | 'repositories'
>;

/** An https address; with `mirror`, everything that comes in there is for that mirror. */
export interface HttpsListenerSettings {
  readonly endpoint: TcpEndpoint;
  readonly mirror: string | undefined;
  /** Load balancers that speak the PROXY protocol there; nobody else is heard. */
  readonly proxiedFrom?: readonly Cidr[];
}

export interface EdgeSettings {
  readonly https: readonly HttpsListenerSettings[];
  readonly http: readonly TcpEndpoint[];
  /** Whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly Cidr[];
  /** Whether other edges listen on the same addresses. */
  readonly sharesPorts: boolean;
  readonly mirrors: readonly EdgeMirror[];
  readonly universalHosts: readonly HostName[];
  readonly services: readonly Service[];
  readonly sites: readonly Pick<Site, 'name' | 'hosts' | 'issuer'>[];
  /** Sockets of the workers; a mirror's content belongs to one of them. */
  readonly workers: readonly string[];
  /** Where the workers' content lies, for this edge to read; undefined where it has no such disk. */
  readonly cacheDirectory: string | undefined;
  readonly caAccess: 'allow-list' | 'public';
  readonly logsAccess: boolean;
  /** In force from the start of an edge on; a change of them needs a restart. */
  readonly limits: LimitsConfiguration;
  /** Whether CAs may come for HTTP-01 tokens: plain http then speaks to everybody, of these alone. */
  readonly answersHttpChallenges: boolean;
}

/** One of the documents under `/ca/` or `/setup/`, or the page at `/`. */
export interface CaDocument {
  /** As in the request. */
  readonly path: string;
  readonly contentType: string;
  /** Of what a browser shows as a page. */
  readonly contentSecurityPolicy?: string;
  readonly body: string | Uint8Array;
  /** Whether who has it has every root of the bundle. */
  readonly carriesRoots: boolean;
}

/** What clients may fetch to be set up; undefined parts where no host uses the private CA. */
export interface TrustDocuments {
  /** Of the bundle that they carry; increases with every change of what is to be trusted. */
  readonly bundleVersion: number | undefined;
  /** SHA-256 of the active root, lower-case hexadecimal. */
  readonly fingerprint: string | undefined;
  readonly documents: readonly CaDocument[];
  /** PEM; who signs certificates by which clients are let in. Empty where they are not asked for. */
  readonly clientRoots: readonly string[];
}
