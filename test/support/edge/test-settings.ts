/** Settings of an edge for tests: Docker Hub, ghcr.io, and one host for both. */
import { standardLimits } from '../../../lib/config/limits-schema.ts';
import type { EdgeMirror, EdgeSettings } from '../../../lib/edge/settings.ts';
import type { TcpEndpoint } from '../../../lib/net/endpoint.ts';
import { hostNames } from '../test-certificates.ts';

export const hubHost = 'hub.example.test';
export const ghcrHost = 'ghcr.example.test';
export const universalHost = 'mirror.example.test';

/** A free port of `address`. */
export function anyPort(address: string): TcpEndpoint {
  return { kind: 'tcp', address, port: 0 };
}

export function testMirror(name: string, rest: Partial<EdgeMirror> = {}): EdgeMirror {
  return {
    name,
    registry: `${name}.example.test`,
    aliases: [],
    hosts: [],
    ports: [],
    repositories: undefined,
    ...rest,
  };
}

export const hub = testMirror('hub', {
  registry: 'docker.io',
  aliases: ['index.docker.io', 'registry-1.docker.io'],
  hosts: hostNames(hubHost),
});
export const ghcr = testMirror('ghcr', { registry: 'ghcr.io', hosts: hostNames(ghcrHost) });

/** One https and one http address, no worker. The universal host comes first, as in a real gate. */
export function testSettings(rest: Partial<EdgeSettings> = {}): EdgeSettings {
  const { mirrors = [hub, ghcr], services = [] } = rest;
  const { universalHosts = hostNames(universalHost, '127.0.0.1') } = rest;
  const sites = [{ name: 'universal', hosts: universalHosts }, ...mirrors, ...services].map(
    ({ name, hosts }) => ({ name, hosts, issuer: 'private-ca' as const }),
  );
  return {
    https: [{ endpoint: anyPort('127.0.0.1'), mirror: undefined }],
    http: [anyPort('127.0.0.1')],
    trustedProxies: [],
    sharesPorts: false,
    mirrors,
    universalHosts,
    services,
    sites: sites.filter(({ hosts }) => hosts.length > 0),
    workers: [],
    cacheDirectory: undefined,
    caAccess: 'allow-list',
    limits: standardLimits,
    logsAccess: true,
    answersHttpChallenges: false,
    ...rest,
  };
}
