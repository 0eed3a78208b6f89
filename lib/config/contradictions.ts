/** What is valid by itself but not together: names, hosts and ports taken twice, issuers without means. */
import { tryAddress } from '../net/address.ts';
import { cidrContains } from '../net/cidr.ts';
import { endpointText, type TcpEndpoint } from '../net/endpoint.ts';
import type { HostName } from '../net/host-name.ts';
import { acmeFindings } from './acme-contradictions.ts';
import { universalSite, type Configuration } from './configuration.ts';
import type { PlacedSite } from './placed-site.ts';
import type { NameSubtree } from './scalars.ts';
import { keyText, type Finding, type KeyPath } from './yaml-file.ts';

export interface Written {
  readonly sites: readonly PlacedSite[];
  /** Top-level keys that lack parts: what is taken twice stays wrong, what is missing may be there. */
  readonly incomplete: ReadonlySet<string>;
}

export function contradictions(
  configuration: Configuration,
  { sites, incomplete }: Written,
): Finding[] {
  const lacks = (...keys: readonly string[]): boolean => keys.some((key) => incomplete.has(key));
  return [
    ...nameFindings(configuration),
    ...registryFindings(configuration),
    ...hostFindings(sites),
    ...endpointFindings(configuration),
    ...portFindings(configuration),
    ...(lacks('mirrors', 'services', 'universal') ? [] : reachFindings(configuration)),
    ...(lacks('certificates')
      ? []
      : [...issuerFindings(configuration, sites), ...acmeFindings(configuration, sites)]),
  ];
}

/** Mirrors and services share one name space: the allow-list and the certificates use it. */
function nameFindings({ mirrors, services }: Configuration): Finding[] {
  const named: [KeyPath, string][] = [
    ...mirrors.map(({ name }, index): [KeyPath, string] => [['mirrors', index], name]),
    ...services.map(({ name }, index): [KeyPath, string] => [['services', index], name]),
  ];
  return [
    ...repeated(named, (name) => ({
      message: `the name "${name}" is taken already`,
      fix: 'give every mirror and service a name of its own',
    })),
    ...named
      .filter(([, name]) => name === universalSite)
      .map(([path]) => ({
        path,
        message: `"${universalSite}" is reserved`,
        fix: 'choose another name',
      })),
  ];
}

function registryFindings({ mirrors }: Configuration): Finding[] {
  return repeated(
    mirrors.map(({ registry }, index): [KeyPath, string] => [['mirrors', index], registry]),
    (registry) => ({
      message: `${registry} has a mirror already`,
      fix: 'keep one mirror for each registry',
    }),
  );
}

function hostFindings(sites: readonly PlacedSite[]): Finding[] {
  return repeated(
    sites.flatMap(({ site, path }) =>
      site.hosts.map((host, index): [KeyPath, string] => [[...path, 'hosts', index], host]),
    ),
    (host) => ({
      message: `the host ${host} is taken already`,
      fix: 'one host name leads to one mirror, service or the universal host',
    }),
  );
}

/** Two listeners for one connection: the system gives the port to one of them. */
function endpointFindings({ listen }: Configuration): Finding[] {
  const { https, http, admin, proxyProtocol } = listen;
  const placed: [KeyPath, TcpEndpoint][] = [
    ...https.map((endpoint, index): [KeyPath, TcpEndpoint] => [
      ['listen', 'https', index],
      endpoint,
    ]),
    ...http.map((endpoint, index): [KeyPath, TcpEndpoint] => [['listen', 'http', index], endpoint]),
    ...proxyProtocol.https.map((endpoint, index): [KeyPath, TcpEndpoint] => [
      ['listen', 'proxyProtocol', 'https', index],
      endpoint,
    ]),
    ...(admin.kind === 'tcp'
      ? [[['listen', 'admin'], admin] satisfies [KeyPath, TcpEndpoint]]
      : []),
  ];
  return placed.flatMap(([path, endpoint], index) => {
    const twin = placed.slice(0, index).find(([, other]) => collide(endpoint, other));
    if (twin === undefined) return [];
    const [otherPath, other] = twin;
    return {
      path,
      message: `${endpointText(endpoint)} is taken by ${keyText(otherPath)}, ${endpointText(other)}`,
      fix: 'choose another port',
    };
  });
}

/** `::` takes IPv4 connections too. */
function collide(left: TcpEndpoint, right: TcpEndpoint): boolean {
  if (left.port !== right.port || left.port === 0) return false;
  const [a, b] = [left.address, right.address];
  const sameFamily = a.includes(':') === b.includes(':');
  return (
    a === b || a === '::' || b === '::' || (sameFamily && (a === '0.0.0.0' || b === '0.0.0.0'))
  );
}

function portFindings({ listen, mirrors }: Configuration): Finding[] {
  const own = mirrors.flatMap(({ ports }, mirror) =>
    ports.map((port, index): [KeyPath, string] => [
      ['mirrors', mirror, 'ports', index],
      String(port),
    ]),
  );
  const shared = new Set(
    [...listen.https, ...listen.http, ...(listen.admin.kind === 'tcp' ? [listen.admin] : [])]
      .filter(({ port }) => port !== 0)
      .map(({ port }) => String(port)),
  );
  return [
    ...repeated(own, (port) => ({
      message: `the port ${port} is taken already`,
      fix: 'give every mirror ports of its own',
    })),
    ...own
      .filter(([, port]) => shared.has(port))
      .map(([path, port]) => ({
        path,
        message: `the port ${port} is one of those under listen`,
        fix: 'choose another port for this mirror',
      })),
  ];
}

function reachFindings({ mirrors, services, universalHosts }: Configuration): Finding[] {
  if (mirrors.length === 0 && services.length === 0) {
    return [
      { path: [], message: 'there is no mirror', fix: 'write at least: mirrors: [docker.io]' },
    ];
  }
  if (universalHosts.length > 0) return [];
  return mirrors
    .flatMap((mirror, index) => (mirror.hosts.length === 0 ? [{ mirror, index }] : []))
    .map(({ mirror, index }) => ({
      path: ['mirrors', index],
      message: `the mirror "${mirror.name}" has no host, so no certificate and no way to it`,
      fix: 'give it hosts, or name universal.hosts',
    }));
}

function issuerFindings(configuration: Configuration, sites: readonly PlacedSite[]): Finding[] {
  const { files, privateCa } = configuration.certificates;
  return sites.flatMap(({ site, path }): Finding[] => {
    switch (site.issuer) {
      case 'files':
        if (files.length > 0) return [];
        return [
          {
            path,
            message: `"${site.name}" takes its certificate from files, and none is named`,
            fix: 'list them: certificates.files: [{certificate: chain.pem, key: key.pem}]',
          },
        ];
      case 'acme':
        return [];
      case 'private-ca':
        return site.hosts
          .map((host, index) => ({ host, index }))
          .filter(({ host }) => !isPermitted(host, privateCa.permitted))
          .map(({ host, index }) => ({
            path: [...path, 'hosts', index],
            message: `${host} lies outside certificates.privateCa.permitted`,
            fix: 'add its zone or address there, or use another issuer for this host',
          }));
    }
  });
}

/** Whether a CA constrained to `permitted` may sign for `host` (RFC 5280 §4.2.1.10). */
export function isPermitted(host: HostName, permitted: readonly NameSubtree[]): boolean {
  const address = tryAddress(host);
  return permitted.some((subtree) =>
    subtree.kind === 'ip'
      ? address !== undefined && cidrContains(subtree.cidr, address)
      : address === undefined && (host === subtree.zone || host.endsWith(`.${subtree.zone}`)),
  );
}

function repeated(
  entries: readonly [KeyPath, string][],
  tell: (value: string) => { message: string; fix: string },
): Finding[] {
  const seen = new Set<string>();
  return entries.flatMap(([path, value]) => {
    if (seen.has(value)) return [{ path, ...tell(value) }];
    seen.add(value);
    return [];
  });
}
