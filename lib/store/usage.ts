/** What the cache holds, by mirror and repository, read from the disk alone. */
import type { Digest } from '../oci/digest.ts';
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
}

export interface CacheUsage {
  /** What the content takes on disk, shared content once. */
  readonly sizeBytes: number;
  readonly contents: number;
  readonly repositories: readonly RepositoryUsage[];
}

export async function readUsage(layout: StoreLayout): Promise<CacheUsage> {
  const sizes = new Map<Digest, number>();
  for await (const { digest, sizeBytes } of listBlobs(layout)) sizes.set(digest, sizeBytes);
  const repositories: RepositoryUsage[] = [];
  for (const mirror of await listMirrors(layout)) {
    for await (const key of listRepositories(layout, mirror)) {
      repositories.push(await repositoryUsage(layout, key, sizes));
    }
  }
  const sizeBytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  repositories.sort((left, right) => right.sizeBytes - left.sizeBytes);
  return { sizeBytes, contents: sizes.size, repositories };
}

async function repositoryUsage(
  layout: StoreLayout,
  key: RepositoryKey,
  sizes: ReadonlyMap<Digest, number>,
): Promise<RepositoryUsage> {
  const onDisk = (digests: readonly Digest[]): number[] =>
    digests.map((digest) => sizes.get(digest)).filter((size) => size !== undefined);
  const manifests = onDisk(await listRecords(layout, key, 'manifests'));
  const blobs = onDisk(await listRecords(layout, key, 'blobs'));
  return {
    ...key,
    tags: (await listTags(layout, key)).length,
    manifests: manifests.length,
    blobs: blobs.length,
    sizeBytes: [...manifests, ...blobs].reduce((sum, size) => sum + size, 0),
  };
}
