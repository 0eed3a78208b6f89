/** The manifest media types of the field, and how they are asked for. */

export const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
export const ociIndex = 'application/vnd.oci.image.index.v1+json';
export const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json';
export const dockerManifestList = 'application/vnd.docker.distribution.manifest.list.v2+json';

/**
 * What is always sent upstream as `Accept` for a manifest. A fixed value, because registries
 * choose the answer to a tag by it: one tag then has one meaning in the cache, whoever asked.
 */
export const manifestAccept = [ociIndex, dockerManifestList, ociManifest, dockerManifest].join(
  ', ',
);

/** The type alone, lower case, without parameters (RFC 9110 §8.3.1). */
export function essenceOf(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
}

/** Whether `essence` has the form of a media type (RFC 6838 §4.2). */
export function isMediaType(essence: string): boolean {
  return /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/.test(essence);
}
