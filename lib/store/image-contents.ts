/** What an image consists of, as far as the cache has it: found by following its manifests on disk. */
import type { Digest } from '../oci/digest.ts';
import { manifestLinks } from '../oci/manifest-links.ts';
import { maxManifestBytes } from '../oci/manifest.ts';
import type { BlobStore } from './blob-store.ts';

type ContentSource = Pick<BlobStore, 'open'>;

/** An index of indexes of indexes is no image. */
const maxDepth = 4;

/**
 * Every digest below `manifest`, itself included. What is not on disk is named and not followed;
 * what cannot be read as a manifest points at nothing.
 */
export async function imageContents(store: ContentSource, manifest: Digest): Promise<Set<Digest>> {
  const found = new Set<Digest>([manifest]);
  let level: readonly Digest[] = [manifest];
  for (let depth = 0; depth < maxDepth && level.length > 0; depth += 1) {
    const next: Digest[] = [];
    for (const digest of level) {
      const links = await tryLinks(store, digest);
      for (const blob of links?.blobs ?? []) found.add(blob);
      for (const child of links?.manifests ?? []) {
        if (!found.has(child.digest)) next.push(child.digest);
        found.add(child.digest);
      }
    }
    level = next;
  }
  return found;
}

async function tryLinks(store: ContentSource, digest: Digest) {
  const blob = await store.open(digest);
  if (blob === undefined) return undefined;
  try {
    return manifestLinks(await blob.read(0, maxManifestBytes));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  } finally {
    await blob.close();
  }
}
