/** The configuration as the program uses it: joined, absolute, deep-frozen. */
import type { LimitsConfiguration } from './limits-schema.ts';
import type { PassphraseReference } from './passphrase.ts';
import type { FreeSpace, NameSubtree } from './scalars.ts';
import type { Cidr } from '../net/cidr.ts';
import type { Endpoint, TcpEndpoint } from '../net/endpoint.ts';
import type { HostName } from '../net/host-name.ts';

export type IssuerName = 'acme' | 'private-ca' | 'files';

export interface Configuration {
  /** Absolute path of the file it came from. */
  readonly file: string;
  readonly listen: {
    readonly https: readonly TcpEndpoint[];
    readonly http: readonly TcpEndpoint[];
    readonly admin: Endpoint;
    /** Addresses for load balancers that say who the client is, and which are believed. */
    readonly proxyProtocol: {
      readonly https: readonly TcpEndpoint[];
      readonly from: readonly Cidr[];
    };
    /** Whose X-Forwarded-For is believed, on every address. */
    readonly trustedProxies: readonly Cidr[];
  };
  readonly processes: { readonly edges: number; readonly workers: number };
  readonly certificates: CertificatesConfiguration;
  readonly stateDirectory: string;
  readonly cache: CacheConfiguration;
  readonly mirrors: readonly Mirror[];
  /** Hosts that serve every mirror; empty where none is configured. */
  readonly universalHosts: readonly HostName[];
  readonly services: readonly Service[];
  /** One per certificate: mirrors with hosts, the universal hosts, services. */
  readonly sites: readonly Site[];
  readonly allowListFile: string;
  /** Whose client certificates let in; undefined where addresses alone do. */
  readonly clientCertificates: { readonly ca: 'private-ca' } | undefined;
  /** Absolute paths of the files that secrets and extra roots were read from. */
  readonly secretFiles: readonly string[];
  readonly bandwidth: BandwidthConfiguration;
  readonly limits: LimitsConfiguration;
  readonly caAccess: 'allow-list' | 'public';
  /** Undefined where nobody wants to be told. */
  readonly notify: NotifyConfiguration | undefined;
  readonly log: LogConfiguration;
}

/** Who is told of trouble, by every way that is set. */
export interface NotifyConfiguration {
  /** Program and arguments. */
  readonly command: readonly string[] | undefined;
  /** A secret: whoever has the address can write there. */
  readonly webhook: string | undefined;
}

export interface CertificatesConfiguration {
  readonly directory: string;
  readonly acme: AcmeConfiguration | undefined;
  readonly privateCa: PrivateCaConfiguration;
  readonly files: readonly { readonly certificate: string; readonly key: string }[];
}

export interface AcmeConfiguration {
  /** In the order in which they are asked. */
  readonly cas: readonly [AcmeCaConfiguration, ...AcmeCaConfiguration[]];
  readonly keyType: 'p256' | 'rsa2048';
  /** In order of preference. */
  readonly challenges: readonly ('http-01' | 'tls-alpn-01' | 'dns-01')[];
  /** Zones whose hosts share one wildcard name. */
  readonly wildcards: readonly HostName[];
  readonly dns: DnsCommandConfiguration | undefined;
}

export interface AcmeCaConfiguration {
  /** URL of its directory. */
  readonly directory: string;
  /** Directory of a copy of it that nobody trusts; undefined where none is to be used. */
  readonly staging: string | undefined;
  readonly email: string | undefined;
  readonly agreesToTerms: boolean;
  readonly externalAccount: { readonly keyId: string; readonly key: string } | undefined;
  readonly profile: string | undefined;
  readonly preferredChain: string | undefined;
  /** PEM of extra roots for the CA's own TLS. */
  readonly rootsPem: string | undefined;
}

/** Who publishes DNS records for dns-01. */
export interface DnsCommandConfiguration {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly propagationMs: number;
}

export interface PrivateCaConfiguration {
  readonly name: string;
  /** What the root may sign for: as configured, else the hosts that use it. */
  readonly permitted: readonly NameSubtree[];
  readonly leafLifetimeMs: number;
  readonly rootLifetimeMs: number;
  /** Of what signs in the place of a root that is kept elsewhere. */
  readonly intermediateLifetimeMs: number;
  readonly overlapMs: number;
  /** A rotation waits for clients that were seen within this. */
  readonly evidenceWindowMs: number;
  /** Where the passphrase of its keys is read from; undefined where they lie open. */
  readonly passphrase?: PassphraseReference | undefined;
}

export interface CacheConfiguration {
  readonly directory: string;
  /** Undefined: only `minFree` bounds the cache. */
  readonly maxSizeBytes: number | undefined;
  readonly minFree: FreeSpace;
  /** Share of a blob after which a transfer that nobody reads any more is finished all the same. */
  readonly finishAbandonedShare: number;
  /** In which all of the cache is hashed once; undefined where never. */
  readonly scrubPeriodMs: number | undefined;
}

export interface Mirror {
  readonly name: string;
  readonly registry: string;
  /** Other spellings of the registry that clients send as `ns` or path prefix. */
  readonly aliases: readonly string[];
  /** Origins of the upstreams in order of preference, without trailing slash; at least one. */
  readonly upstreams: readonly string[];
  readonly hosts: readonly HostName[];
  readonly ports: readonly number[];
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
  /** Whether the account is used only for what is denied or limited without it. */
  readonly prefersAnonymous: boolean;
  /** Pulls of the upstream's quota that are kept back while stale content can stand in. */
  readonly reserve: number;
  /** Whether IPv4 addresses of the upstream are dialled before others. */
  readonly prefersIPv4: boolean;
  /** For blobs of `fromBytes` and more: how many connections fetch one; undefined means one. */
  readonly parallel: { readonly connections: number; readonly fromBytes: number } | undefined;
  /** Globs of `repository:tag` whose content is never evicted. */
  readonly pins: readonly string[];
  /** Globs; undefined permits every repository. */
  readonly repositories: readonly string[] | undefined;
  readonly tags: {
    readonly ttlMs: number;
    readonly staleIfErrorMs: number;
    readonly immutable: readonly string[];
  };
  /** PEM of extra roots for the upstream. */
  readonly upstreamTrust: string | undefined;
  readonly tokenHosts: readonly string[];
  readonly allowPrivateUpstream: boolean;
}

export interface Service {
  readonly name: string;
  readonly hosts: readonly HostName[];
  /** Origin of the backend, without trailing slash. */
  readonly target: string;
}

/** What one certificate is for. */
export interface Site {
  /** The mirror's or service's name, or `universal`. */
  readonly name: string;
  /** Each a name in the certificate; the first names the site where no client did. */
  readonly hosts: readonly HostName[];
  readonly issuer: IssuerName;
}

export interface BandwidthConfiguration {
  /** Undefined: what is sent is counted, and nothing is refused for it. */
  readonly monthlyBytes: number | undefined;
  readonly resetDay: number;
  readonly timeZone: string;
  /** Whose counter is the budget's; undefined counts what is sent to clients. */
  readonly interface: string | undefined;
  readonly perClientBytesPerSecond: number | undefined;
  readonly perClientMonthlyBytes: number | undefined;
  /** Of all bodies from upstreams together. */
  readonly upstreamBytesPerSecond: number | undefined;
  /** How long blobs of manifests go on that were given out before the budget was spent. */
  readonly graceMs: number;
  readonly stages: readonly BandwidthStage[];
}

export interface BandwidthStage {
  readonly share: number;
  readonly action: 'warn' | 'hits-only' | 'throttle' | 'refuse';
  /** Of a throttle; undefined spreads what is left over the rest of the month. */
  readonly bytesPerSecond: number | undefined;
}

export interface LogConfiguration {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly access: boolean;
  readonly format: 'json' | 'text';
}

/** Name of the site that the universal hosts share. */
export const universalSite = 'universal';
