/** The image that people mean who name it by a host of this gate, as their clients do. */
import type { Configuration } from '../config/configuration.ts';
import { Router } from '../edge/router.ts';
import { tryHostName, type HostName } from '../net/host-name.ts';
import type { ImageName } from '../oci/image-name.ts';
import { referenceText } from '../oci/reference.ts';
import { edgeSettings } from './settings.ts';

/**
 * `name` as its own registry has it: `mirror.example.com/ghcr.io/acme/app` is `ghcr.io/acme/app`.
 * What names no host of ours stays as it is.
 * @throws MirrorgateError as {@link Router.routeRegistry}
 */
export function explainedImage(name: ImageName, configuration: Configuration): ImageName {
  const { mirrors, universalHosts } = configuration;
  const { host, port } = hostAndPort(name.registry);
  const ours = [...universalHosts, ...mirrors.flatMap(({ hosts }) => hosts)];
  if (host === undefined || !ours.includes(host)) return name;
  const ownPort = mirrors.find(({ ports }) => port !== undefined && ports.includes(port));
  // Whether the repository is permitted is the explanation's to tell.
  const settings = edgeSettings({
    ...configuration,
    mirrors: mirrors.map((mirror) => ({ ...mirror, repositories: undefined })),
  });
  const router = new Router(settings);
  const path = `/v2/${name.repository}/manifests/${referenceText(name.reference)}`;
  const route = router.routeRegistry(router.routeHost(ownPort?.name, host), { path, query: '' });
  if (route.kind === 'ping') return name;
  return { ...name, registry: route.mirror.registry, repository: route.pull.repository };
}

function hostAndPort(registry: string): { host: HostName | undefined; port: number | undefined } {
  const [, host = '', port] = /^(.*?)(?::([0-9]+))?$/.exec(registry) ?? [];
  return { host: tryHostName(host), port: port === undefined ? undefined : Number(port) };
}
