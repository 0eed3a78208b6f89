/** Takes records, and content that no record stands for any more, out of a cache. */
import { globMatcher } from '../oci/glob.ts';
import type { Digest } from '../oci/digest.ts';
import type { Tag } from '../oci/names.ts';
import type { BlobStore } from './blob-store.ts';
import { imageContents } from './image-contents.ts';
import type { RepositoryKey, StoreLayout } from './layout.ts';
import { listMirrors, listRecords, listRepositories, listTags } from './repositories.ts';
import type { RepositoryIndex } from './repository-index.ts';

/** What to take out; an absent part restricts nothing. Structured-cloneable. */
export type PurgeSelection =
  | { readonly kind: 'all' }
  | { readonly kind: 'digest'; readonly digest: Digest }
  | {
      readonly kind: 'records';
      readonly mirror: string;
      /** A glob. */
      readonly repository?: string;
      readonly tag?: Tag;
    };

export interface Purged {
  readonly records: number;
  readonly contents: number;
  readonly bytes: number;
}

export interface PurgedCache {
  readonly layout: StoreLayout;
  readonly index: RepositoryIndex;
  readonly store: Pick<BlobStore, 'open' | 'list' | 'remove'>;
}

export async function purge(cache: PurgedCache, selection: PurgeSelection): Promise<Purged> {
  const { layout, store } = cache;
  const removed = new RemovedRecords(cache);
  for (const mirror of await listMirrors(layout)) {
    if (selection.kind === 'records' && selection.mirror !== mirror) continue;
    for await (const key of listRepositories(layout, mirror)) {
      await purgeRepository(removed, key, selection);
    }
  }
  const recorded = selection.kind === 'all' ? new Set<Digest>() : await recordedDigests(layout);
  let [contents, bytes] = [0, 0];
  for await (const { digest, sizeBytes } of store.list()) {
    const isWanted = selection.kind === 'all' || removed.digests.has(digest);
    if (!isWanted || recorded.has(digest) || !(await store.remove(digest))) continue;
    contents += 1;
    bytes += sizeBytes;
  }
  return { records: removed.count, contents, bytes };
}

async function purgeRepository(
  removed: RemovedRecords,
  key: RepositoryKey,
  selection: PurgeSelection,
): Promise<void> {
  switch (selection.kind) {
    case 'all':
      await removed.repository(key);
      return;
    case 'digest':
      await removed.contents(key, new Set([selection.digest]));
      return;
    case 'records':
      if (!globMatcher([selection.repository ?? '**'])(key.repository)) return;
      if (selection.tag === undefined) await removed.repository(key);
      else await removed.tag(key, selection.tag);
  }
}

class RemovedRecords {
  readonly #cache: PurgedCache;
  readonly digests = new Set<Digest>();
  count = 0;

  constructor(cache: PurgedCache) {
    this.#cache = cache;
  }

  async repository(key: RepositoryKey): Promise<void> {
    const { layout, index } = this.#cache;
    const digests = [
      ...(await listRecords(layout, key, 'blobs')),
      ...(await listRecords(layout, key, 'manifests')),
    ];
    await this.contents(key, new Set(digests));
    for (const tag of await listTags(layout, key)) {
      await index.removeTag(key, tag);
      this.count += 1;
    }
  }

  /** A tag and what belongs to its image alone, of all that the repository's tags mean. */
  async tag(key: RepositoryKey, tag: Tag): Promise<void> {
    const { layout, index, store } = this.#cache;
    const record = await index.tag(key, tag);
    if (record === undefined) return;
    const own = await imageContents(store, record.digest);
    for (const other of await listTags(layout, key)) {
      const kept = other === tag ? undefined : await index.tag(key, other);
      if (kept === undefined) continue;
      for (const digest of await imageContents(store, kept.digest)) own.delete(digest);
    }
    await this.contents(key, own);
    await index.removeTag(key, tag);
    this.count += 1;
  }

  async contents(key: RepositoryKey, digests: ReadonlySet<Digest>): Promise<void> {
    const { layout, index } = this.#cache;
    for (const digest of await listRecords(layout, key, 'blobs')) {
      if (digests.has(digest)) await this.#note(digest, () => index.removeBlob(key, digest));
    }
    for (const digest of await listRecords(layout, key, 'manifests')) {
      if (digests.has(digest)) await this.#note(digest, () => index.removeManifest(key, digest));
    }
  }

  async #note(digest: Digest, remove: () => Promise<void>): Promise<void> {
    await remove();
    this.digests.add(digest);
    this.count += 1;
  }
}

async function recordedDigests(layout: StoreLayout): Promise<Set<Digest>> {
  const digests = new Set<Digest>();
  for (const mirror of await listMirrors(layout)) {
    for await (const key of listRepositories(layout, mirror)) {
      for (const kind of ['blobs', 'manifests'] as const) {
        for (const digest of await listRecords(layout, key, kind)) digests.add(digest);
      }
    }
  }
  return digests;
}
