/** Which repositories, tags and digests there are records of, read from the disk. */
import { stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { isTemporaryName, removeFile } from '../files/atomic-file.ts';
import { namesIn } from '../files/directory.ts';
import type { Digest } from '../oci/digest.ts';
import { tryRepositoryName, tryTag, type Tag } from '../oci/names.ts';
import { digestOfFile, type RepositoryKey, type StoreLayout } from './layout.ts';

/** Names of the mirrors that there are records of, configured or not. */
export function listMirrors(layout: StoreLayout): Promise<string[]> {
  return namesIn(layout.mirrors);
}

/** Repositories of `mirror`. Components never begin with `_`, folders of records do. */
export async function* listRepositories(
  layout: StoreLayout,
  mirror: string,
): AsyncGenerator<RepositoryKey, void, undefined> {
  yield* below(layout.mirror(mirror), layout.mirror(mirror), mirror);
}

async function* below(
  root: string,
  path: string,
  mirror: string,
): AsyncGenerator<RepositoryKey, void, undefined> {
  const names = await namesIn(path);
  if (names.some((name) => name.startsWith('_'))) {
    const repository = tryRepositoryName(relative(root, path).split(sep).join('/'));
    if (repository !== undefined) yield { mirror, repository };
  }
  for (const name of names.filter((entry) => !entry.startsWith('_'))) {
    yield* below(root, join(path, name), mirror);
  }
}

export async function listTags(layout: StoreLayout, key: RepositoryKey): Promise<Tag[]> {
  const names = await namesIn(layout.tags(key));
  return names.map(tryTag).filter((tag) => tag !== undefined);
}

/** Digests that `key` has records of, of one kind. */
export async function listRecords(
  layout: StoreLayout,
  key: RepositoryKey,
  kind: 'blobs' | 'manifests',
): Promise<Digest[]> {
  const folder = kind === 'blobs' ? layout.blobLinks(key) : layout.manifestLinks(key);
  const digests: Digest[] = [];
  for (const algorithm of await namesIn(folder)) {
    for (const name of await namesIn(join(folder, algorithm))) {
      const digest = digestOfFile(algorithm, name);
      if (digest !== undefined) digests.push(digest);
    }
  }
  return digests;
}

/** Removes temporary files of records that a crash left behind before `olderThan`. */
export async function removeLeftovers(
  layout: StoreLayout,
  key: RepositoryKey,
  olderThan: Date,
): Promise<void> {
  const folders = [layout.tags(key)];
  for (const folder of [layout.blobLinks(key), layout.manifestLinks(key)]) {
    for (const algorithm of await namesIn(folder)) folders.push(join(folder, algorithm));
  }
  for (const folder of folders) {
    for (const name of (await namesIn(folder)).filter(isTemporaryName)) {
      const path = join(folder, name);
      if ((await stat(path)).mtime < olderThan) await removeFile(path);
    }
  }
}
