/** What each kind of process is told of the configuration: no more than it needs. */
import { join } from 'node:path';
import type { Configuration } from '../config/configuration.ts';
import type { EdgeSettings } from '../edge/settings.ts';
import type { WorkerKnowledge } from './fleet-members.ts';

export function edgeSettings(configuration: Configuration): EdgeSettings {
  const { listen, mirrors, universalHosts, services, sites } = configuration;
  const addresses = new Set(listen.https.map(({ address }) => address));
  const own = mirrors.flatMap((mirror) =>
    mirror.ports.flatMap((port) =>
      [...addresses].map((address) => ({
        endpoint: { kind: 'tcp', address, port } as const,
        mirror: mirror.name,
      })),
    ),
  );
  const shared = listen.https.map((endpoint) => ({ endpoint, mirror: undefined }));
  const { https: behind, from: proxiedFrom } = listen.proxyProtocol;
  const proxied = behind.map((endpoint) => ({ endpoint, mirror: undefined, proxiedFrom }));
  return {
    https: [...shared, ...own, ...proxied],
    http: listen.http,
    trustedProxies: listen.trustedProxies,
    sharesPorts: configuration.processes.edges > 1,
    // Spelled out: what is not named here (credentials, upstreams) never reaches an edge.
    mirrors: mirrors.map(({ name, registry, aliases, hosts, ports, repositories }) => ({
      name,
      registry,
      aliases,
      hosts,
      ports,
      repositories,
    })),
    universalHosts,
    services,
    sites,
    workers: workerSockets(configuration),
    cacheDirectory: configuration.cache.directory,
    caAccess: configuration.caAccess,
    logsAccess: configuration.log.access,
    limits: configuration.limits,
    answersHttpChallenges: answersHttpChallenges(configuration),
  };
}

export function workerKnowledge(configuration: Configuration): WorkerKnowledge {
  const { mirrors, bandwidth, processes } = configuration;
  const { upstreamBytesPerSecond: rate } = bandwidth;
  return { mirrors, upstreamBytesPerSecond: rate && rate / processes.workers };
}

/** Where the month's traffic is kept. */
export function bandwidthFile({ stateDirectory }: Configuration): string {
  return join(stateDirectory, 'bandwidth.json');
}

function answersHttpChallenges({ certificates, sites }: Configuration): boolean {
  return (
    certificates.acme?.challenges.includes('http-01') === true &&
    sites.some(({ issuer }) => issuer === 'acme')
  );
}

/** Folder of the sockets, under the state directory. */
export function runDirectory({ stateDirectory }: Configuration): string {
  return join(stateDirectory, 'run');
}

export function workerSockets(configuration: Configuration): string[] {
  const { workers } = configuration.processes;
  return Array.from({ length: workers }, (_, index) =>
    join(runDirectory(configuration), `worker-${index + 1}.sock`),
  );
}
