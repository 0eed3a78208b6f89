/** What `status` tells of a running gate: facts alone, as JSON can carry them. */
import type { CertificateStatus } from '../certificates/certificate-keeper.ts';
import type { Configuration } from '../config/configuration.ts';
import { mergedStates, type UpstreamState } from '../upstream/upstream-set.ts';
import type { Fleet } from './fleet.ts';

export interface MirrorStatus {
  readonly name: string;
  readonly registry: string;
  readonly hosts: readonly string[];
  readonly ports: readonly number[];
  /** As the workers that ask them see them, in order of preference. */
  readonly upstreams: readonly UpstreamState[];
}

export interface GateStatus {
  readonly isReady: boolean;
  readonly connections: number;
  readonly mirrors: readonly MirrorStatus[];
  readonly certificates: readonly CertificateStatus[];
  readonly cache: {
    readonly directory: string;
    readonly usedBytes: number;
    readonly maxSizeBytes: number | undefined;
  };
}

export interface StatusSources {
  readonly isReady: boolean;
  readonly configuration: Configuration;
  readonly certificates: readonly CertificateStatus[];
  readonly fleet: Pick<Fleet, 'askEdges' | 'askWorkers'>;
}

/** @throws MirrorgateError `MIRRORGATE_APP_NO_ANSWER` while a process is away */
export async function gateStatus(sources: StatusSources): Promise<GateStatus> {
  const { isReady, configuration, certificates, fleet } = sources;
  const [edges, workers] = await Promise.all([
    fleet.askEdges('status', undefined),
    fleet.askWorkers('status', undefined),
  ]);
  return {
    isReady,
    connections: edges.reduce((sum, { connections }) => sum + connections, 0),
    mirrors: configuration.mirrors.map(({ name, registry, hosts, ports }) => ({
      ...{ name, registry, hosts, ports },
      upstreams: mergedStates(workers.flatMap(({ upstreams }) => upstreams.get(name) ?? [])),
    })),
    certificates,
    cache: {
      directory: configuration.cache.directory,
      usedBytes: workers.reduce((sum, { usedBytes }) => sum + usedBytes, 0),
      maxSizeBytes: configuration.cache.maxSizeBytes,
    },
  };
}
