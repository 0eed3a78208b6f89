/**
 * Why a client goes past a mirror that it could use: what each tool can be told, and what it needs
 * to trust. A denied or distrusting client says nothing; it drains the quota of its own address.
 */
import type { ClientTool } from '../clients/tools.ts';
import type { Configuration, Mirror } from '../config/configuration.ts';
import type { ImageName } from '../oci/image-name.ts';

export interface BypassFacts {
  readonly configuration: Configuration;
  readonly mirror: Mirror;
  readonly name: ImageName;
  readonly client: ClientTool | undefined;
}

export function bypassReasons({ configuration, mirror, name, client }: BypassFacts): string[] {
  return [
    ...toolReasons(client, mirror, name),
    ...trustReasons(configuration, mirror, client),
    `its address is not on the allow-list: mirrorgate allow test ADDRESS --mirror ${mirror.name}`,
    `it was never told of the mirror: mirrorgate client ${client ?? 'TOOL'}`,
  ];
}

function toolReasons(client: ClientTool | undefined, mirror: Mirror, name: ImageName): string[] {
  const isHub = mirror.registry === 'docker.io';
  switch (client) {
    case 'docker':
      return isHub
        ? ['registry-mirrors in daemon.json serve docker.io alone, and need a restart of dockerd']
        : [
            `docker before 28, or with its classic image store, uses mirrors for docker.io alone: ${name.registry} is asked directly`,
            'docker 28 and later reads /etc/docker/certs.d/HOST/hosts.toml with the containerd image store only',
          ];
    case 'buildkit':
    case 'github-actions':
      return [
        'a builder made without buildkitd.toml (docker buildx create --config) knows no mirror',
      ];
    case 'containerd':
    case 'k3s':
      return [
        'containerd reads hosts.toml only where config_path is set in its configuration',
        'a mirror that does not answer within dial_timeout is passed over for that pull',
      ];
    case 'podman':
      return ['registries.conf of the user (~/.config/containers) replaces that of the system'];
    case 'npm':
      return ['npm pulls no images; mirrors serve container registries'];
    case 'cloud-init':
      return ['cloud-init runs once per machine: one that was made before knows nothing of it'];
    case undefined:
      return [];
  }
}

function trustReasons(
  { sites }: Configuration,
  mirror: Mirror,
  client: ClientTool | undefined,
): string[] {
  const isPrivate = sites.some(
    ({ name, issuer }) => issuer === 'private-ca' && (name === mirror.name || name === 'universal'),
  );
  if (!isPrivate) return [];
  const restarts = client === 'docker' || client === 'buildkit' || client === undefined;
  return [
    'it does not trust the private CA, and then says nothing but goes to the registry itself',
    ...(restarts ? ["dockerd and BuildKit read the system's trust store at their start only"] : []),
    ...(client === 'docker'
      ? [
          `docker with the containerd image store looks for the root of a mirror in certs.d/${mirror.registry}/hosts.toml, not under the mirror's name`,
        ]
      : []),
  ];
}
