import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect } from 'chai';
import { errorCode } from '../../../lib/errors/mirrorgate-error.ts';
import { temporaryPath } from '../../../lib/files/atomic-file.ts';
import { digestOf } from '../../../lib/oci/digest.ts';
import type { RepositoryName, Tag } from '../../../lib/oci/names.ts';
import { StoreLayout, type RepositoryKey } from '../../../lib/store/layout.ts';
import { RepositoryIndex, type TagRecord } from '../../../lib/store/repository-index.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { injectFault, systemError } from '../files/file-handle-fault.ts';

const digest = digestOf(Buffer.from('content'));
const latest = 'latest' as Tag;
const key: RepositoryKey = { mirror: 'hub', repository: 'acme/app' as RepositoryName };
const tagRecord: TagRecord = {
  digest,
  mediaType: 'application/vnd.oci.image.index.v1+json',
  sizeBytes: 7,
  checkedAt: new Date('2026-11-01T00:00:00.250Z'),
};
const manifestRecord = { mediaType: tagRecord.mediaType, sizeBytes: 7 };

describe('the index of repositories', () => {
  let directory: TemporaryDirectory;
  let layout: StoreLayout;
  let index: RepositoryIndex;

  beforeEach(async () => {
    directory = await TemporaryDirectory.create('repository-index');
    layout = new StoreLayout(directory.join('cache'));
    index = new RepositoryIndex(layout);
  });
  afterEach(() => directory.close());

  async function putAll(): Promise<void> {
    await index.putBlob(key, digest, { sizeBytes: 5 });
    await index.putManifest(key, digest, manifestRecord);
    await index.putTag(key, latest, tagRecord);
  }

  async function all(from: RepositoryIndex, of = key): Promise<unknown[]> {
    return [
      await from.blob(of, digest),
      await from.manifest(of, digest),
      await from.tag(of, latest),
    ];
  }

  it('knows nothing at first', async () => {
    expect(await all(index)).to.deep.equal([undefined, undefined, undefined]);
  });

  it('gives back what was put, also to the next process', async () => {
    await putAll();
    const records = [{ sizeBytes: 5 }, manifestRecord, tagRecord];
    expect(await all(index)).to.deep.equal(records);
    expect(await all(new RepositoryIndex(layout))).to.deep.equal(records);
  });

  it('says nothing of one repository or mirror that was learnt of another', async () => {
    await putAll();
    for (const other of [
      { ...key, mirror: 'ghcr' },
      { ...key, repository: 'acme' as RepositoryName },
      { ...key, repository: 'acme/app/sub' as RepositoryName },
    ]) {
      expect(await all(index, other)).to.deep.equal([undefined, undefined, undefined]);
    }
  });

  it('keeps blobs and manifests of one digest apart', async () => {
    await index.putBlob(key, digest, { sizeBytes: 5 });
    expect(await index.manifest(key, digest)).to.equal(undefined);
    expect(await new RepositoryIndex(layout).manifest(key, digest)).to.equal(undefined);
  });

  it('replaces a record, in memory and on disk', async () => {
    await index.putTag(key, latest, tagRecord);
    const moved = { ...tagRecord, digest: digestOf(Buffer.from('other')), checkedAt: new Date(0) };
    await index.putTag(key, latest, moved);
    expect(await index.tag(key, latest)).to.deep.equal(moved);
    expect(await new RepositoryIndex(layout).tag(key, latest)).to.deep.equal(moved);
  });

  it('forgets what was removed, which may be said twice', async () => {
    await putAll();
    for (let time = 0; time < 2; time += 1) {
      await index.removeBlob(key, digest);
      await index.removeTag(key, latest);
    }
    for (const from of [index, new RepositoryIndex(layout)]) {
      expect(await all(from)).to.deep.equal([undefined, manifestRecord, undefined]);
    }
  });

  const damages: readonly (readonly [what: string, text: string])[] = [
    ['empty', ''],
    ['cut', '{"sizeBytes":5,"mediaType":"a/b"'],
    ['of zeros', '\0'.repeat(64)],
    ['null', 'null'],
    ['a list', '[5]'],
    ['a number', '5'],
    ['without its fields', '{}'],
    ['of a negative size', JSON.stringify({ ...tagRecord, sizeBytes: -1 })],
    ['of half a size', JSON.stringify({ ...tagRecord, sizeBytes: 1.5 })],
    ['of a size in text', JSON.stringify({ ...tagRecord, sizeBytes: '7' })],
    ['of a size beyond counting', '{"sizeBytes":1e300,"mediaType":"a/b"}'],
  ];
  for (const [what, text] of damages) {
    it(`reads a record as none where it is ${what}`, async () => {
      await putAll();
      const paths = [layout.blobLink(key, digest), layout.manifestLink(key, digest)];
      for (const path of [...paths, layout.tag(key, latest)]) await writeFile(path, text);
      const again = new RepositoryIndex(layout);
      expect(await all(again)).to.deep.equal([undefined, undefined, undefined]);
      await again.putTag(key, latest, tagRecord);
      expect(await again.tag(key, latest)).to.deep.equal(tagRecord);
    });
  }

  it('reads a tag as none where its digest or its date is wrong', async () => {
    await putAll();
    for (const damage of [
      { digest: 'sha256:../../x' },
      { digest: 5 },
      { mediaType: 5 },
      { checkedAt: 'yesterday' },
      { checkedAt: 5 },
      { checkedAt: undefined },
    ]) {
      await writeFile(layout.tag(key, latest), JSON.stringify({ ...tagRecord, ...damage }));
      expect(await new RepositoryIndex(layout).tag(key, latest)).to.equal(undefined);
    }
  });

  it('is not led astray by what a crash left beside its records', async () => {
    await putAll();
    await writeFile(temporaryPath(layout.tag(key, latest)), '{"digest":');
    await truncate(layout.blobLink(key, digest), 3);
    expect(await all(new RepositoryIndex(layout))).to.deep.equal([
      undefined,
      manifestRecord,
      tagRecord,
    ]);
  });

  it('knows for this process what the disk would not take, and says so', async () => {
    const restore = await injectFault('sync', () => Promise.reject(systemError('ENOSPC')));
    const outcome = await index.putTag(key, latest, tagRecord).then(() => 'kept', errorCode);
    restore();
    expect(outcome).to.equal('ENOSPC');
    expect(await index.tag(key, latest)).to.deep.equal(tagRecord);
    expect(await new RepositoryIndex(layout).tag(key, latest)).to.equal(undefined);
    expect(await readdir(dirname(layout.tag(key, latest)))).to.deep.equal([]);
  });

  it('keeps the newer record where it is put while the older is read', async () => {
    await index.putTag(key, latest, tagRecord);
    const newer = { ...tagRecord, sizeBytes: 8 };
    for (let round = 0; round < 50; round += 1) {
      const fresh = new RepositoryIndex(layout);
      await Promise.all([fresh.tag(key, latest), fresh.putTag(key, latest, newer)]);
      expect((await fresh.tag(key, latest))?.sizeBytes).to.equal(8);
      await fresh.putTag(key, latest, tagRecord);
    }
  });

  it('has records that people can read', async () => {
    await putAll();
    expect(JSON.parse(await readFile(layout.tag(key, latest), 'utf8'))).to.deep.equal({
      ...tagRecord,
      checkedAt: '2026-11-01T00:00:00.250Z',
    });
  });

  it('raises what is neither a record nor none', async () => {
    await mkdir(layout.tag(key, latest), { recursive: true });
    expect(await index.tag(key, latest).catch(errorCode)).to.equal('EISDIR');
  });
});
