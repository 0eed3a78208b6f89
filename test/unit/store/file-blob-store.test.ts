import { chmod, mkdir, open, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect } from 'chai';
import { errorCode } from '../../../lib/errors/mirrorgate-error.ts';
import { temporaryPath } from '../../../lib/files/atomic-file.ts';
import { digestOf, type Digest } from '../../../lib/oci/digest.ts';
import { FileBlobStore } from '../../../lib/store/file-blob-store.ts';
import { layoutVersion, StoreLayout } from '../../../lib/store/layout.ts';
import { contentOf, entriesOf, put } from '../../contract/blob-store-content.ts';
import { describeBlobStore } from '../../contract/blob-store.contract.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { rejectionOf } from '../../support/rejection.ts';
import { injectFault, systemError } from '../files/file-handle-fault.ts';

const hello = Buffer.from('hello');
const digest = digestOf(hello);

/** A byte written over the file of `content`. */
async function damageFile(layout: StoreLayout, content: Digest): Promise<void> {
  const handle = await open(layout.blob(content), 'r+');
  await handle.write('X', 0);
  await handle.close();
}

describeBlobStore('files', async () => {
  const directory = await TemporaryDirectory.create('file-blob-store');
  const layout = new StoreLayout(directory.join('cache'));
  const clock = new ManualClock();
  const reopen = (): Promise<FileBlobStore> =>
    FileBlobStore.open({ layout, worker: 'worker-1', clock });
  return {
    store: await reopen(),
    now: clock.now(),
    reopen,
    damage: (content) => damageFile(layout, content),
    close: () => directory.close(),
  };
});

describe('a blob store of files', () => {
  let directory: TemporaryDirectory;
  let layout: StoreLayout;

  beforeEach(async () => {
    directory = await TemporaryDirectory.create('file-blob-store');
    layout = new StoreLayout(directory.join('cache'));
  });
  afterEach(() => directory.close());

  function openStore(worker = 'worker-1'): Promise<FileBlobStore> {
    return FileBlobStore.open({ layout, worker, clock: new ManualClock() });
  }

  it('lies in a folder of its own, for this user alone', async () => {
    await put(await openStore(), hello);
    for (const path of [layout.root, layout.blobs, dirname(layout.blob(digest))]) {
      expect((await stat(path)).mode & 0o777, path).to.equal(0o700);
    }
    expect((await stat(layout.blob(digest))).mode & 0o777).to.equal(0o600);
    expect(await readFile(layout.layoutFile, 'utf8')).to.equal(layoutVersion);
  });

  it('tightens an empty folder, and a cache that others could read', async () => {
    await mkdir(layout.root);
    await chmod(layout.root, 0o755);
    await openStore();
    await chmod(layout.root, 0o755);
    await openStore();
    expect((await stat(layout.root)).mode & 0o777).to.equal(0o700);
  });

  it("refuses somebody else's folder, and leaves it as it is", async () => {
    await mkdir(layout.root, { mode: 0o700 });
    await writeFile(directory.join('cache', 'photo.jpg'), '');
    const error = await rejectionOf(openStore());
    expect(error.code).to.equal('MIRRORGATE_STORE_LAYOUT');
    expect(error.message).to.contain(layout.root);
    await chmod(layout.root, 0o755);
    expect((await rejectionOf(openStore())).code).to.equal('MIRRORGATE_FILES_PERMISSIONS');
    expect(await readdir(layout.root)).to.deep.equal(['photo.jpg']);
  });

  it('refuses a cache of another layout, a file, and a symbolic link', async () => {
    await openStore();
    await writeFile(layout.layoutFile, 'mirrorgate cache layout 2\n');
    expect((await rejectionOf(openStore())).code).to.equal('MIRRORGATE_STORE_LAYOUT');
    // A link there is somebody's, though this process may be root.
    await chmod(directory.path, 0o777);
    for (const make of [writeFile, symlink]) {
      layout = new StoreLayout(directory.join(make.name));
      await (make === writeFile ? writeFile(layout.root, '') : symlink('cache', layout.root));
      expect((await rejectionOf(openStore())).code).to.equal('MIRRORGATE_FILES_DIRECTORY');
    }
  });

  // A first start that was killed, or a second worker, found the folder "not empty".
  it('begins where a crash ended its first start, and on a disk of its own', async () => {
    await mkdir(layout.root, { mode: 0o700 });
    await mkdir(directory.join('cache', 'lost+found'));
    await writeFile(temporaryPath(layout.layoutFile), 'mirrorgate ca');
    await put(await openStore(), hello);
    expect(await readFile(layout.layoutFile, 'utf8')).to.equal(layoutVersion);
  });

  it('begins for many workers at once', async () => {
    for (let round = 0; round < 10; round += 1) {
      layout = new StoreLayout(directory.join(`cache-${round}`));
      const names = Array.from({ length: 8 }, (_, index) => `worker-${index}`);
      const stores = await Promise.all(names.map((name) => openStore(name)));
      await Promise.all(stores.map((store) => put(store, hello)));
    }
  });

  it('sweeps what its own worker left half-written, and nothing of another', async () => {
    const [first, second] = [await openStore('worker-1'), await openStore('worker-2')];
    const [left, kept] = [await first.create(), await second.create()];
    await left.write([hello]);
    await kept.write([hello]);
    await openStore('worker-1');
    expect(await readdir(layout.filling('worker-1'))).to.deep.equal([]);
    await kept.commit(digest);
    for (const writer of [left, kept]) await writer.close();
    expect(await contentOf(first, digest)).to.deep.equal(hello);
  });

  it('leaves no file where content was discarded or could not be committed', async () => {
    const store = await openStore();
    const discarded = await store.create();
    await discarded.write([hello]);
    await discarded.discard();
    const failed = await store.create();
    await failed.write([hello]);
    const restore = await injectFault('sync', () => Promise.reject(systemError('EIO')));
    const outcome = await failed.commit(digest).then(() => 'kept', errorCode);
    restore();
    expect(outcome).to.equal('EIO');
    expect(await failed.commit(digest).catch(errorCode)).to.equal('EIO');
    for (const writer of [discarded, failed]) await writer.close();
    expect(await readdir(layout.filling('worker-1'))).to.deep.equal([]);
    expect(await store.open(digest)).to.equal(undefined);
  });

  it('writes the rest where the system took a part', async () => {
    const store = await openStore();
    const writer = await store.create();
    const chunks = Array.from({ length: 50 }, (_, index) => Buffer.alloc(index, index));
    let calls = 0;
    const restore = await injectFault('writev', async function (this: unknown, ...parameters) {
      calls += 1;
      const [rest] = parameters as unknown as [Buffer[]];
      const handle = this as { write(bytes: Buffer): Promise<{ bytesWritten: number }> };
      return await handle.write(Buffer.concat(rest).subarray(0, 1 + (calls % 60)));
    });
    try {
      await writer.write(chunks);
    } finally {
      restore();
    }
    expect(calls).to.be.above(20);
    const bytes = Buffer.concat(chunks);
    expect((await writer.read(0, bytes.length + 1)).equals(bytes)).to.equal(true);
    await writer.discard();
    await writer.close();
  });

  it('lists what is content, whatever else somebody put there', async () => {
    const store = await openStore();
    await put(store, hello);
    await writeFile(`${layout.blobs}/stray`, '');
    await writeFile(`${layout.blobs}/sha256/stray`, '');
    await writeFile(`${dirname(layout.blob(digest))}/.nfs0001`, '');
    await mkdir(layout.blob(digestOf(Buffer.from('folder'))), { recursive: true });
    expect((await entriesOf(store)).map((entry) => entry.digest)).to.deep.equal([digest]);
  });

  it('keeps damaged content for a look, each time it was set aside', async () => {
    const store = await openStore();
    await put(store, hello);
    await store.setAside(digest);
    const [name = ''] = await readdir(layout.quarantine);
    expect(name).to.contain(digest.replace(':', '-'));
    expect(await readFile(`${layout.quarantine}/${name}`)).to.deep.equal(hello);
  });

  it('tells an edge of this machine where content lies', async () => {
    const store = await openStore();
    await put(store, hello);
    const blob = await store.open(digest);
    expect(blob?.path).to.equal(layout.blob(digest));
    await blob?.close();
  });
});
