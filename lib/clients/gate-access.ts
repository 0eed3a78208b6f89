/**
 * How clients reach the mirrors of a gate, worked out of its configuration: one authority for each
 * mirror, and what they must trust to use it. Holds no secret.
 */
import type { Configuration, IssuerName, Mirror } from '../config/configuration.ts';
import { universalSite } from '../config/configuration.ts';
import { urlHost, type HostName } from '../net/host-name.ts';

/** Where a client finds one mirror. */
export interface MirrorAccess {
  readonly name: string;
  /** The registry as clients write it: `docker.io`. */
  readonly registry: string;
  /** Host, with its port where that is not 443, as clients write it. */
  readonly authority: string;
  /**
   * `own`: the authority stands for this mirror alone. `shared`: it serves every mirror, by `ns`
   * or by the registry as first part of the path.
   */
  readonly kind: 'own' | 'shared';
  /** Whether its certificate is signed by the gate's private CA. */
  readonly usesPrivateCa: boolean;
}

export interface ServiceAccess {
  readonly name: string;
  readonly authority: string;
  readonly usesPrivateCa: boolean;
}

/** The public side of the private CA. */
export interface CaAccess {
  /** SHA-256 of the active root, lower-case hexadecimal. */
  readonly fingerprint: string;
  readonly bundlePem: string;
}

export interface GateAccess {
  readonly mirrors: readonly MirrorAccess[];
  readonly services: readonly ServiceAccess[];
  /** Undefined where every certificate is from elsewhere. */
  readonly ca: CaAccess | undefined;
  /** Where `/ca/` is found without trust in the gate: plain http where it listens there. */
  readonly caOrigin: string;
}

const httpsPort = 443;
const httpPort = 80;

export function gateAccess(configuration: Configuration, ca: CaAccess | undefined): GateAccess {
  const { mirrors, services, universalHosts, sites, listen } = configuration;
  const issuers = new Map(sites.map(({ name, issuer }) => [name, issuer]));
  const port = listen.https[0]?.port ?? httpsPort;
  const facts: PlaceFacts = { port, issuers, universalHost: universalHosts[0] };
  return {
    mirrors: mirrors.flatMap((mirror) => mirrorAccess(mirror, facts)),
    services: services.flatMap(({ name, hosts: [host] }) =>
      host === undefined
        ? []
        : [{ name, authority: authorityOf(host, port), usesPrivateCa: isPrivate(issuers, name) }],
    ),
    ca,
    caOrigin: caOrigin(configuration, port),
  };
}

interface PlaceFacts {
  readonly port: number;
  readonly issuers: ReadonlyMap<string, IssuerName>;
  readonly universalHost: HostName | undefined;
}

/** A host of its own first, since every client can use it; then its own port; then the shared host. */
function mirrorAccess(mirror: Mirror, facts: PlaceFacts): MirrorAccess[] {
  const { name, registry } = mirror;
  const [ownHost] = mirror.hosts;
  const [ownPort] = mirror.ports;
  const site = ownHost === undefined ? universalSite : name;
  const host = ownHost ?? facts.universalHost;
  if (host === undefined) return [];
  const port = ownHost === undefined ? (ownPort ?? facts.port) : facts.port;
  return [
    {
      name,
      registry,
      authority: authorityOf(host, port),
      kind: ownHost === undefined && ownPort === undefined ? 'shared' : 'own',
      usesPrivateCa: isPrivate(facts.issuers, site),
    },
  ];
}

function isPrivate(issuers: ReadonlyMap<string, IssuerName>, site: string): boolean {
  return issuers.get(site) === 'private-ca';
}

function authorityOf(host: HostName, port: number): string {
  return port === httpsPort ? urlHost(host) : `${urlHost(host)}:${port}`;
}

function caOrigin({ listen, universalHosts, sites }: Configuration, port: number): string {
  const host = universalHosts[0] ?? sites[0]?.hosts[0];
  if (host === undefined) return '';
  const plain = listen.http[0];
  if (plain === undefined) return `https://${authorityOf(host, port)}`;
  return `http://${urlHost(host)}${plain.port === httpPort ? '' : `:${plain.port}`}`;
}
