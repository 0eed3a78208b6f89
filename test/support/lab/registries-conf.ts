/** What skopeo, podman and buildah read from /etc/containers (containers-registries.conf(5)). */
import type { Namespace } from './namespace.ts';

/** Images named `registry/…` are asked for at `mirror/…`, which may have a path, before the registry. */
export type MirrorLocations = Readonly<Record<string, string>>;

/** Makes `locations` the mirrors of every containers/image client in the namespace, and accepts unsigned images. */
export async function useMirrorLocations(
  namespace: Namespace,
  locations: MirrorLocations,
): Promise<void> {
  const tables = Object.entries(locations).map(
    ([registry, mirror]) =>
      `[[registry]]\nlocation = "${registry}"\n[[registry.mirror]]\nlocation = "${mirror}"\n`,
  );
  await namespace.write('/etc/containers/registries.conf', tables.join('\n'));
  await acceptUnsignedImages(namespace);
}

/** podman pulls nothing where no policy.json says what it may. */
export async function acceptUnsignedImages(namespace: Namespace): Promise<void> {
  await namespace.write(
    '/etc/containers/policy.json',
    JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }),
  );
}
