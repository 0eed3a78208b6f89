import { expect } from 'chai';
import { digestOf, type Digest } from '../../../lib/oci/digest.ts';
import { FileBlobStore } from '../../../lib/store/file-blob-store.ts';
import { imageContents } from '../../../lib/store/image-contents.ts';
import { StoreLayout } from '../../../lib/store/layout.ts';
import { put } from '../../contract/blob-store-content.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { ManualClock } from '../../support/manual-clock.ts';

describe('what an image consists of', () => {
  let directory: TemporaryDirectory;
  let store: FileBlobStore;

  beforeEach(async () => {
    directory = await TemporaryDirectory.create('image-contents');
    const layout = new StoreLayout(directory.join('cache'));
    store = await FileBlobStore.open({ layout, worker: 'worker-1', clock: new ManualClock() });
  });
  afterEach(() => directory.close());

  function putBody(body: unknown): Promise<Digest> {
    return put(store, Buffer.from(JSON.stringify(body)));
  }

  function putIndex(...manifests: readonly Digest[]): Promise<Digest> {
    return putBody({ manifests: manifests.map((digest) => ({ digest })) });
  }

  it('is found through its index and manifests, what is not on disk by name alone', async () => {
    const [config, layer, absent] = ['config', 'layer', 'absent'].map((text) =>
      digestOf(Buffer.from(text)),
    );
    const image = await putBody({ config: { digest: config }, layers: [{ digest: layer }] });
    if (config === undefined || layer === undefined || absent === undefined) throw new TypeError();
    const index = await putIndex(image, absent);
    expect([...(await imageContents(store, index))]).to.have.members([
      ...[index, image, absent, config, layer],
    ]);
    expect([...(await imageContents(store, absent))]).to.deep.equal([absent]);
  });

  it('is what it is alone where it is no manifest', async () => {
    const bytes = await put(store, Buffer.from('{ no JSON'));
    expect([...(await imageContents(store, bytes))]).to.deep.equal([bytes]);
  });

  it('ends where indexes are stacked higher than any image is', async () => {
    const stack = [await putBody({ config: {}, layers: [] })];
    for (let height = 0; height < 10; height += 1) {
      const [top] = stack;
      if (top !== undefined) stack.unshift(await putIndex(top, top));
    }
    const [top] = stack;
    if (top === undefined) throw new TypeError('no index');
    expect([...(await imageContents(store, top))]).to.deep.equal(stack.slice(0, 5));
  });
});
