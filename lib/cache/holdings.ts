/** How much of one image a mirror's repository holds, read without changing anything. */
import type { Digest } from '../oci/digest.ts';
import type { Reference } from '../oci/reference.ts';
import type { BlobStore } from '../store/blob-store.ts';
import { imageContents } from '../store/image-contents.ts';
import type { RepositoryKey } from '../store/layout.ts';
import type { RepositoryIndex, TagRecord } from '../store/repository-index.ts';

export interface Holdings {
  /** What the tag was last seen to mean; undefined for a digest, and for a tag never pulled. */
  readonly tag: TagRecord | undefined;
  /** Of the manifest that the reference names, as far as it is known here. */
  readonly digest: Digest | undefined;
  /** Whether that manifest is here. */
  readonly hasManifest: boolean;
  /** Of the manifests and blobs below it that are known, those that are here. */
  readonly held: number;
  readonly known: number;
  readonly heldBytes: number;
}

/** More parts than any image has; the rest is not counted. */
const maxParts = 2_000;

export async function readHoldings(
  { store, index }: { readonly store: BlobStore; readonly index: RepositoryIndex },
  key: RepositoryKey,
  reference: Reference,
): Promise<Holdings> {
  const tag = reference.kind === 'tag' ? await index.tag(key, reference.tag) : undefined;
  const digest = reference.kind === 'digest' ? reference.digest : tag?.digest;
  const nothing = { tag, digest, hasManifest: false, held: 0, known: 0, heldBytes: 0 };
  if (digest === undefined || (await index.manifest(key, digest)) === undefined) return nothing;
  const parts = [...(await imageContents(store, digest))].slice(0, maxParts);
  const sizes: number[] = [];
  let hasManifest = false;
  for (const part of parts) {
    const record = (await index.blob(key, part)) ?? (await index.manifest(key, part));
    if (record === undefined || !(await isThere(store, part))) continue;
    sizes.push(record.sizeBytes);
    if (part === digest) hasManifest = true;
  }
  const heldBytes = sizes.reduce((sum, size) => sum + size, 0);
  return { tag, digest, hasManifest, held: sizes.length, known: parts.length, heldBytes };
}

async function isThere(store: BlobStore, digest: Digest): Promise<boolean> {
  const blob = await store.open(digest);
  await blob?.close();
  return blob !== undefined;
}
