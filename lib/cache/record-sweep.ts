/**
 * Removes records whose content is gone and has not come back: they cost little each, but a cache
 * that lives for years would keep one for every blob that ever passed.
 */
import type { Digest } from '../oci/digest.ts';
import type { StoreLayout } from '../store/layout.ts';
import { listRecords, listRepositories, listTags, removeLeftovers } from '../store/repositories.ts';
import type { RepositoryIndex } from '../store/repository-index.ts';

export interface RecordSweep {
  readonly layout: StoreLayout;
  readonly index: RepositoryIndex;
  readonly mirrors: readonly string[];
  /** Whether the content is on disk. */
  readonly isHeld: (digest: Digest) => boolean;
  /** Half-written records from before this were left by a crash. */
  readonly olderThan: Date;
}

/** Removes what no longer stands for anything; returns how many records went. */
export async function sweepRecords({
  layout,
  index,
  mirrors,
  isHeld,
  olderThan,
}: RecordSweep): Promise<number> {
  let removed = 0;
  for (const mirror of mirrors) {
    for await (const key of listRepositories(layout, mirror)) {
      for (const digest of await listRecords(layout, key, 'blobs')) {
        if (isHeld(digest)) continue;
        await index.removeBlob(key, digest);
        removed += 1;
      }
      for (const digest of await listRecords(layout, key, 'manifests')) {
        if (isHeld(digest)) continue;
        await index.removeManifest(key, digest);
        removed += 1;
      }
      for (const tag of await listTags(layout, key)) {
        const record = await index.tag(key, tag);
        if (record !== undefined && isHeld(record.digest)) continue;
        await index.removeTag(key, tag);
        removed += 1;
      }
      await removeLeftovers(layout, key, olderThan);
    }
  }
  return removed;
}
