/** What the cache holds, by mirror and repository, read from the disk alone. */
import type { Digest } from '../oci/digest.ts';
import type { BlobEntry } from './blob-store.ts';
import { listBlobs } from './file-blob-store.ts';
import type { RepositoryKey, StoreLayout } from './layout.ts';
import { listMirrors, listRecords, listRepositories, listTags } from './repositories.ts';

export interface RepositoryUsage {
  readonly mirror: string;
  readonly repository: string;
  readonly tags: number;
  readonly manifests: number;
  readonly blobs: number;
  /** Of the manifests and blobs that are on disk now; what repositories share counts in each. */
  readonly sizeBytes: number;
  /** Of any of its contents; undefined where none is on disk. Precise to some minutes. */
  readonly usedAt: Date | undefined;
}

export interface CacheUsage {
  /** What the content takes on disk, shared content once. */
  readonly sizeBytes: number;
  readonly contents: number;
  readonly repositories: readonly RepositoryUsage[];
}

export async function readUsage(layout: StoreLayout): Promise<CacheUsage> {
  const onDisk = new Map<Digest, BlobEntry>();
  for await (const entry of listBlobs(layout)) onDisk.set(entry.digest, entry);
  const repositories: RepositoryUsage[] = [];
  for (const mirror of await listMirrors(layout)) {
    for await (const key of listRepositories(layout, mirror)) {
      repositories.push(await repositoryUsage(layout, key, onDisk));
    }
  }
  const sizeBytes = sumBytes(onDisk.values());
  repositories.sort((left, right) => right.sizeBytes - left.sizeBytes);
  return { sizeBytes, contents: onDisk.size, repositories };
}

async function repositoryUsage(
  layout: StoreLayout,
  key: RepositoryKey,
  onDisk: ReadonlyMap<Digest, BlobEntry>,
): Promise<RepositoryUsage> {
  const held = (digests: readonly Digest[]): BlobEntry[] =>
    digests.map((digest) => onDisk.get(digest)).filter((entry) => entry !== undefined);
  const manifests = held(await listRecords(layout, key, 'manifests'));
  const blobs = held(await listRecords(layout, key, 'blobs'));
  const contents = [...manifests, ...blobs];
  const usedAtMs = Math.max(...contents.map(({ usedAt }) => usedAt.getTime()));
  return {
    ...key,
    tags: (await listTags(layout, key)).length,
    manifests: manifests.length,
    blobs: blobs.length,
    sizeBytes: sumBytes(contents),
    usedAt: contents.length === 0 ? undefined : new Date(usedAtMs),
  };
}

function sumBytes(entries: Iterable<BlobEntry>): number {
  let sum = 0;
  for (const { sizeBytes } of entries) sum += sizeBytes;
  return sum;
}
