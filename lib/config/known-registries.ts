/**
 * What is known of public registries, so that a mirror of one needs one line of configuration:
 * the host that really serves it, the names clients use for it, and the hosts that its token
 * challenges may name (a realm elsewhere would be sent the mirror's credentials).
 */

export interface KnownRegistry {
  /** Mirror name where the configuration gives none. */
  readonly name: string;
  /** The name clients use; also the `ns` value and the path prefix. */
  readonly registry: string;
  readonly upstream: string;
  /** Other spellings of the registry that clients send. */
  readonly aliases: readonly string[];
  /** Hosts beside the upstream's own that may issue its tokens. */
  readonly tokenHosts: readonly string[];
}

export const knownRegistries: readonly KnownRegistry[] = [
  {
    name: 'hub',
    registry: 'docker.io',
    upstream: 'https://registry-1.docker.io',
    aliases: ['index.docker.io', 'registry-1.docker.io'],
    tokenHosts: ['auth.docker.io'],
  },
  { name: 'ghcr', registry: 'ghcr.io', upstream: 'https://ghcr.io', aliases: [], tokenHosts: [] },
  { name: 'quay', registry: 'quay.io', upstream: 'https://quay.io', aliases: [], tokenHosts: [] },
  { name: 'gcr', registry: 'gcr.io', upstream: 'https://gcr.io', aliases: [], tokenHosts: [] },
  {
    name: 'k8s',
    registry: 'registry.k8s.io',
    upstream: 'https://registry.k8s.io',
    aliases: [],
    tokenHosts: [],
  },
  {
    name: 'ecr-public',
    registry: 'public.ecr.aws',
    upstream: 'https://public.ecr.aws',
    aliases: [],
    tokenHosts: [],
  },
  {
    name: 'mcr',
    registry: 'mcr.microsoft.com',
    upstream: 'https://mcr.microsoft.com',
    aliases: [],
    tokenHosts: [],
  },
];

export function tryKnownRegistry(registry: string): KnownRegistry | undefined {
  return knownRegistries.find(
    (known) => known.registry === registry || known.aliases.includes(registry),
  );
}
