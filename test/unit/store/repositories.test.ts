import { mkdir, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { digestOf } from '../../../lib/oci/digest.ts';
import { tryRepositoryName, tryTag, type Tag } from '../../../lib/oci/names.ts';
import { StoreLayout, type RepositoryKey } from '../../../lib/store/layout.ts';
import {
  listMirrors,
  listRecords,
  listRepositories,
  listTags,
} from '../../../lib/store/repositories.ts';
import { RepositoryIndex } from '../../../lib/store/repository-index.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';

const digests = ['a', 'b'].map((text) =>
  digestOf(Buffer.from(text), text === 'a' ? 'sha256' : 'sha512'),
);
const mediaType = 'application/vnd.oci.image.manifest.v1+json';

describe('the repositories that there are records of', () => {
  let directory: TemporaryDirectory;
  let layout: StoreLayout;
  let index: RepositoryIndex;

  beforeEach(async () => {
    directory = await TemporaryDirectory.create('repositories');
    layout = new StoreLayout(directory.path);
    index = new RepositoryIndex(layout);
  });
  afterEach(() => directory.close());

  function keyOf(mirror: string, name: string): RepositoryKey {
    const repository = tryRepositoryName(name);
    if (repository === undefined) throw new TypeError(name);
    return { mirror, repository };
  }

  async function found(mirror: string): Promise<RepositoryKey[]> {
    const keys: RepositoryKey[] = [];
    for await (const key of listRepositories(layout, mirror)) keys.push(key);
    return keys;
  }

  it('are none where there is nothing', async () => {
    expect(await listMirrors(layout)).to.deep.equal([]);
    expect(await found('hub')).to.deep.equal([]);
    expect(await listTags(layout, keyOf('hub', 'a'))).to.deep.equal([]);
    expect(await listRecords(layout, keyOf('hub', 'a'), 'blobs')).to.deep.equal([]);
  });

  it('are those of the mirror alone, at any depth, and folders between are none', async () => {
    for (const key of [keyOf('hub', 'a/b/c'), keyOf('hub', 'a/b'), keyOf('ghcr', 'x')]) {
      for (const digest of digests) await index.putBlob(key, digest, { sizeBytes: 1 });
    }
    expect(await listMirrors(layout)).to.have.members(['hub', 'ghcr']);
    expect(await found('hub')).to.have.deep.members([keyOf('hub', 'a/b'), keyOf('hub', 'a/b/c')]);
    expect(await found('ghcr')).to.deep.equal([keyOf('ghcr', 'x')]);
  });

  it('have tags and digests of each kind, and no stray names among them', async () => {
    const key = keyOf('hub', 'a');
    const [manifest, blob] = digests;
    if (manifest === undefined || blob === undefined) throw new TypeError('no digest');
    const record = { mediaType, sizeBytes: 1 };
    await index.putBlob(key, blob, record);
    await index.putManifest(key, manifest, record);
    const tags = ['latest', 'v1'].map(tryTag) as Tag[];
    for (const tag of tags) {
      await index.putTag(key, tag, { ...record, digest: manifest, checkedAt: new Date(0) });
    }
    await writeFile(`${layout.tags(key)}/.hidden`, '');
    await writeFile(`${layout.blobLinks(key)}/stray`, '');
    await writeFile(`${layout.blobLinks(key)}/sha512/stray`, '');
    await mkdir(`${layout.repository(key)}/UPPER/_tags`, { recursive: true });
    expect(await listTags(layout, key)).to.have.members(tags);
    expect(await listRecords(layout, key, 'blobs')).to.deep.equal([blob]);
    expect(await listRecords(layout, key, 'manifests')).to.deep.equal([manifest]);
    expect(await found('hub')).to.deep.equal([key]);
  });
});
