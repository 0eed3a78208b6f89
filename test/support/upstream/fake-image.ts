/** Images in a fake registry: config, layers and manifests that point at them. */
import { randomBytes } from 'node:crypto';
import type { Digest } from '../../../lib/oci/digest.ts';
import type { FakeRegistry } from './fake-registry.ts';

export interface FakeImage {
  readonly manifest: Digest;
  /** Config first. */
  readonly blobs: readonly Digest[];
  readonly config: Digest;
  /** The last layer, or the config where there is none. */
  readonly last: Digest;
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const indexType = 'application/vnd.oci.image.index.v1+json';

export interface ImagePlace {
  readonly repository: string;
  readonly tag?: string;
}

/** One image with a config and a layer of each size, or of the blobs given. */
export function addImage(
  registry: FakeRegistry,
  { repository, tag }: ImagePlace,
  layers: readonly (number | Digest)[],
): FakeImage {
  const add = (sizeBytes: number): Digest => registry.addBlob(randomBytes(sizeBytes));
  const blobs = [64, ...layers].map((layer) => (typeof layer === 'number' ? add(layer) : layer));
  const [config = add(1), last = config] = [blobs[0], blobs.at(-1)];
  const [described, ...rest] = blobs.map((digest) => ({
    mediaType: 'application/x',
    digest,
    size: 1,
  }));
  const body = { schemaVersion: 2, mediaType: manifestType, config: described, layers: rest };
  const place = { repository, ...(tag === undefined ? {} : { tag }) };
  return { manifest: registry.addManifest({ ...place, body }), blobs, config, last };
}

/** An index of images by platform: `linux/arm64`. */
export function addIndex(
  registry: FakeRegistry,
  place: ImagePlace,
  images: Readonly<Record<string, FakeImage>>,
): Digest {
  const manifests = Object.entries(images).map(([platform, { manifest }]) => {
    const [os, architecture, variant] = platform.split('/');
    const described = { os, architecture, ...(variant === undefined ? {} : { variant }) };
    return { mediaType: manifestType, digest: manifest, size: 1, platform: described };
  });
  const body = { schemaVersion: 2, mediaType: indexType, manifests };
  return registry.addManifest({ ...place, body, mediaType: indexType });
}
