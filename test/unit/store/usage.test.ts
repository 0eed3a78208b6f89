import { writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { temporaryPath } from '../../../lib/files/atomic-file.ts';
import type { Digest } from '../../../lib/oci/digest.ts';
import { tryRepositoryName, tryTag, type Tag } from '../../../lib/oci/names.ts';
import { FileBlobStore } from '../../../lib/store/file-blob-store.ts';
import { StoreLayout, type RepositoryKey } from '../../../lib/store/layout.ts';
import { RepositoryIndex } from '../../../lib/store/repository-index.ts';
import { readUsage } from '../../../lib/store/usage.ts';
import { put } from '../../contract/blob-store-content.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const mediaType = 'application/vnd.oci.image.manifest.v1+json';

function keyOf(mirror: string, name: string): RepositoryKey {
  const repository = tryRepositoryName(name);
  if (repository === undefined) throw new TypeError(name);
  return { mirror, repository };
}

function tagOf(name: string): Tag {
  const tag = tryTag(name);
  if (tag === undefined) throw new TypeError(name);
  return tag;
}

describe('the use of the cache', () => {
  let directory: TemporaryDirectory;
  let layout: StoreLayout;
  let store: FileBlobStore;
  let index: RepositoryIndex;
  const clock = new ManualClock();
  /** When everything here is put. */
  const usedAt = clock.now();

  beforeEach(async () => {
    directory = await TemporaryDirectory.create('usage');
    layout = new StoreLayout(directory.join('cache'));
    store = await FileBlobStore.open({ layout, worker: 'worker-1', clock });
    index = new RepositoryIndex(layout);
  });
  afterEach(() => directory.close());

  async function putLayer(key: RepositoryKey, text: string): Promise<Digest> {
    const bytes = Buffer.from(text);
    const digest = await put(store, bytes);
    await index.putBlob(key, digest, { sizeBytes: bytes.length });
    return digest;
  }

  async function putImage(key: RepositoryKey, text: string, tag: string): Promise<void> {
    const bytes = Buffer.from(text);
    const digest = await put(store, bytes);
    const record = { mediaType, sizeBytes: bytes.length };
    await index.putManifest(key, digest, record);
    await index.putTag(key, tagOf(tag), { ...record, digest, checkedAt: new Date(0) });
  }

  it('is none where there is nothing, nor a cache', async () => {
    const nothing = { sizeBytes: 0, contents: 0, repositories: [] };
    expect(await readUsage(layout)).to.deep.equal(nothing);
    expect(await readUsage(new StoreLayout(directory.join('none')))).to.deep.equal(nothing);
  });

  it('is told by repository, the largest first, what they share once in the whole', async () => {
    const [app, sub, hub] = [keyOf('corp', 'acme'), keyOf('corp', 'acme/sub'), keyOf('hub', 'a')];
    await putLayer(app, 'shared');
    await putLayer(sub, 'shared');
    await putLayer(hub, 'alone and large');
    await putImage(app, 'manifest', 'v1');
    await putImage(app, 'manifest', 'latest');
    expect(await readUsage(layout)).to.deep.equal({
      sizeBytes: 6 + 15 + 8,
      contents: 3,
      repositories: [
        { ...hub, tags: 0, manifests: 0, blobs: 1, sizeBytes: 15, usedAt },
        { ...app, tags: 2, manifests: 1, blobs: 1, sizeBytes: 14, usedAt },
        { ...sub, tags: 0, manifests: 0, blobs: 1, sizeBytes: 6, usedAt },
      ],
    });
  });

  it('counts what is on disk now, not what is only remembered', async () => {
    const key = keyOf('hub', 'a');
    await store.remove(await putLayer(key, 'gone'));
    await putLayer(key, 'here');
    await put(store, Buffer.from('of nobody'));
    const { sizeBytes, contents, repositories } = await readUsage(layout);
    expect({ sizeBytes, contents }).to.deep.equal({ sizeBytes: 13, contents: 2 });
    expect(repositories).to.deep.equal([
      { ...key, tags: 0, manifests: 0, blobs: 1, sizeBytes: 4, usedAt },
    ]);
  });

  // What a crash had left half-written counted as tags.
  it('counts nothing that a crash or a stranger left', async () => {
    const key = keyOf('hub', 'a');
    await putImage(key, 'manifest', 'v1');
    await writeFile(temporaryPath(layout.tag(key, tagOf('v1'))), '');
    await writeFile(`${layout.mirrors}/stray`, '');
    await writeFile(`${layout.mirror('hub')}/stray`, '');
    await writeFile(`${layout.blobs}/stray`, '');
    await writeFile(`${layout.manifestLinks(key)}/stray`, '');
    const { contents, repositories } = await readUsage(layout);
    expect(contents).to.equal(1);
    expect(repositories).to.deep.equal([
      { ...key, tags: 1, manifests: 1, blobs: 0, sizeBytes: 8, usedAt },
    ]);
  });
});
