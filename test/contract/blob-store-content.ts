/** Content put into a blob store, and got out of it again. */
import { digestOf, type Digest } from '../../lib/oci/digest.ts';
import type { BlobEntry, BlobStore, StoredBlob } from '../../lib/store/blob-store.ts';

export async function put(
  store: BlobStore,
  bytes: Buffer,
  digest = digestOf(bytes),
): Promise<Digest> {
  const writer = await store.create();
  await writer.write([bytes]);
  await writer.commit(digest);
  await writer.close();
  return digest;
}

export async function openBlob(store: BlobStore, digest: Digest): Promise<StoredBlob> {
  const blob = await store.open(digest);
  if (blob === undefined) throw new TypeError(`${digest} is not held`);
  return blob;
}

export async function contentOf(store: BlobStore, digest: Digest): Promise<Buffer | undefined> {
  const blob = await store.open(digest);
  if (blob === undefined) return undefined;
  const bytes = await blob.read(0, blob.sizeBytes + 1);
  await blob.close();
  return bytes;
}

export async function entriesOf(store: BlobStore): Promise<BlobEntry[]> {
  const entries: BlobEntry[] = [];
  for await (const entry of store.list()) entries.push(entry);
  return entries;
}
