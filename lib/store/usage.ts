/** What the cache holds, by mirror and repository, read from the disk alone. */
import { join, relative, sep } from 'node:path';
import { namesIn } from '../files/directory.ts';
import { listBlobs } from './file-blob-store.ts';
import { digestOfFile, type StoreLayout } from './layout.ts';

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
  const sizes = new Map<string, number>();
  for await (const { digest, sizeBytes } of listBlobs(layout)) sizes.set(digest, sizeBytes);
  const repositories: RepositoryUsage[] = [];
  const root = join(layout.root, 'mirrors');
  for (const mirror of await namesIn(root)) {
    for await (const folder of repositoryFolders(join(root, mirror))) {
      repositories.push(await repositoryUsage(mirror, folder, sizes));
    }
  }
  const sizeBytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  repositories.sort((left, right) => right.sizeBytes - left.sizeBytes);
  return { sizeBytes, contents: sizes.size, repositories };
}

interface RepositoryFolder {
  readonly repository: string;
  readonly path: string;
}

/** Folders below `root` that hold records; components never begin with `_`, record folders do. */
async function* repositoryFolders(root: string, path = root): AsyncGenerator<RepositoryFolder> {
  const names = await namesIn(path);
  if (names.some((name) => name.startsWith('_'))) {
    yield { repository: relative(root, path).split(sep).join('/'), path };
  }
  for (const name of names.filter((entry) => !entry.startsWith('_'))) {
    yield* repositoryFolders(root, join(path, name));
  }
}

async function repositoryUsage(
  mirror: string,
  { repository, path }: RepositoryFolder,
  sizes: ReadonlyMap<string, number>,
): Promise<RepositoryUsage> {
  const manifests = await heldDigests(join(path, '_manifests'), sizes);
  const blobs = await heldDigests(join(path, '_blobs'), sizes);
  const sizeBytes = [...manifests, ...blobs].reduce((sum, size) => sum + size, 0);
  const tags = (await namesIn(join(path, '_tags'))).length;
  return { mirror, repository, tags, manifests: manifests.length, blobs: blobs.length, sizeBytes };
}

/** Sizes of the digests that have a record in `folder` and content on disk. */
async function heldDigests(folder: string, sizes: ReadonlyMap<string, number>): Promise<number[]> {
  const held: number[] = [];
  for (const algorithm of await namesIn(folder)) {
    for (const name of await namesIn(join(folder, algorithm))) {
      const digest = digestOfFile(algorithm, name);
      const size = digest === undefined ? undefined : sizes.get(digest);
      if (size !== undefined) held.push(size);
    }
  }
  return held;
}
