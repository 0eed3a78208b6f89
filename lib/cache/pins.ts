/** Content that must stay, because an operator pinned the images it belongs to. */
import { globMatcher } from '../oci/glob.ts';
import type { Digest } from '../oci/digest.ts';
import type { BlobStore } from '../store/blob-store.ts';
import { imageContents } from '../store/image-contents.ts';
import type { StoreLayout } from '../store/layout.ts';
import { listRepositories, listTags } from '../store/repositories.ts';
import type { RepositoryIndex } from '../store/repository-index.ts';

export interface PinnedMirror {
  readonly name: string;
  /** Globs of `repository:tag`. */
  readonly pins: readonly string[];
}

export interface PinSources {
  readonly layout: StoreLayout;
  readonly index: RepositoryIndex;
  readonly store: BlobStore;
}

/** Every digest of the images that `mirrors` pin, by what their tags meant when last asked. */
export async function pinnedContent(
  mirrors: readonly PinnedMirror[],
  { layout, index, store }: PinSources,
): Promise<ReadonlySet<Digest>> {
  const pinned = new Set<Digest>();
  for (const { name, pins } of mirrors) {
    if (pins.length === 0) continue;
    const isPinned = globMatcher(pins);
    for await (const key of listRepositories(layout, name)) {
      for (const tag of await listTags(layout, key)) {
        if (!isPinned(`${key.repository}:${tag}`)) continue;
        const record = await index.tag(key, tag);
        if (record === undefined) continue;
        for (const digest of await imageContents(store, record.digest)) pinned.add(digest);
      }
    }
  }
  return pinned;
}
