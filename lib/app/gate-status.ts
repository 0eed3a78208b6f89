/** What `status` and the status page tell of a running gate: facts alone, as JSON can carry them. */
import type { CertificateStatus } from '../certificates/certificate-keeper.ts';
import { mergedStates, type UpstreamState } from '../upstream/upstream-state.ts';
import type { ClientShare } from './activity-batch.ts';
import type { BandwidthStatus } from './bandwidth-status.ts';
import type { CaStatus } from './ca-operations.ts';
import { clientStanding, type ClientStanding } from './client-standing.ts';
import type { Fleet } from './fleet.ts';
import type { EdgeStatus } from './messages.ts';
import { noTraffic, sumTraffic, type Traffic, type TrafficByMirror } from './traffic.ts';
import type { WatchedGate, WatchedRoot } from './watched-gate.ts';

export interface MirrorStatus {
  readonly name: string;
  readonly registry: string;
  readonly hosts: readonly string[];
  readonly ports: readonly number[];
  /** As the workers that ask them see them, in order of preference. */
  readonly upstreams: readonly UpstreamState[];
  readonly traffic: Traffic;
}

export interface ServiceStatus {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly target: string;
  readonly traffic: Traffic;
}

export interface ProcessStatus {
  readonly name: string;
  /** False while it is away or too busy to answer. */
  readonly answers: boolean;
}

export interface GateStatus {
  readonly version: string;
  readonly isReady: boolean;
  readonly processes: readonly ProcessStatus[];
  readonly connections: number;
  /** Of the last 24 hours, as that of every mirror and service. */
  readonly traffic: Traffic;
  readonly mirrors: readonly MirrorStatus[];
  readonly services: readonly ServiceStatus[];
  readonly universalHosts: readonly string[];
  readonly certificates: readonly CertificateStatus[];
  /** Of the private CA. */
  readonly roots: readonly WatchedRoot[];
  readonly bandwidth: BandwidthStatus;
  /** Undefined where no host uses the private CA. */
  readonly ca: CaStatus | undefined;
  /** Of those who were served since the gate started, who took most first; at most 1,000. */
  readonly clients: readonly ClientStanding[];
  /** Who was turned away how often since the edges started, the busiest first; at most 100. */
  readonly denials: readonly Denial[];
  readonly cache: {
    readonly directory: string;
    readonly usedBytes: number;
    readonly maxSizeBytes: number | undefined;
  };
}

export interface Denial {
  readonly address: string;
  readonly connections: number;
}

export interface StatusSources {
  readonly gate: WatchedGate;
  readonly fleet: Pick<Fleet, 'statuses'>;
  /** Of the last 24 hours. */
  readonly traffic: TrafficByMirror;
  readonly clients: readonly ClientShare[];
  readonly now: Date;
}

const maxClients = 1_000;

/** A process that is away takes nothing from what the others tell. */
export async function gateStatus(sources: StatusSources): Promise<GateStatus> {
  const { gate, fleet, traffic, now } = sources;
  const { version, isReady, configuration, certificates, roots, bandwidth, ca } = gate;
  const trustOf = gate.clientTrust();
  const { edges, workers } = await fleet.statuses();
  const toldByEdges = [...edges.values()].filter((status) => status !== undefined);
  const toldByWorkers = [...workers.values()].filter((status) => status !== undefined);
  const trafficOf = (name: string): Traffic => traffic.get(name) ?? noTraffic;
  return {
    ...{ version, isReady },
    processes: [...edges, ...workers].map(([name, status]) => ({
      name,
      answers: status !== undefined,
    })),
    connections: toldByEdges.reduce((sum, { connections }) => sum + connections, 0),
    traffic: sumTraffic(traffic.values()),
    mirrors: configuration.mirrors.map(({ name, registry, hosts, ports }) => ({
      ...{ name, registry, hosts, ports },
      upstreams: mergedStates(toldByWorkers.flatMap(({ upstreams }) => upstreams.get(name) ?? [])),
      traffic: trafficOf(name),
    })),
    services: configuration.services.map(({ name, hosts, target }) => ({
      ...{ name, hosts, target },
      traffic: trafficOf(name),
    })),
    universalHosts: configuration.universalHosts,
    certificates,
    roots: roots.map(({ state, fingerprint, notAfter, intermediate }) => ({
      ...{ state, fingerprint, notAfter, intermediate },
    })),
    bandwidth,
    ca: ca(),
    clients: sources.clients
      .slice(0, maxClients)
      .map((share) => clientStanding(share, trustOf, now)),
    denials: mergedDenials(toldByEdges),
    cache: {
      directory: configuration.cache.directory,
      usedBytes: toldByWorkers.reduce((sum, { usedBytes }) => sum + usedBytes, 0),
      maxSizeBytes: configuration.cache.maxSizeBytes,
    },
  };
}

const maxDenials = 100;

function mergedDenials(edges: readonly EdgeStatus[]): Denial[] {
  const counts = new Map<string, number>();
  for (const [address, count] of edges.flatMap(({ denials }) => denials)) {
    counts.set(address, (counts.get(address) ?? 0) + count);
  }
  return [...counts]
    .map(([address, connections]) => ({ address, connections }))
    .sort((left, right) => right.connections - left.connections)
    .slice(0, maxDenials);
}
