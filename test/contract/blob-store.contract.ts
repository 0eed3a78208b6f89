/** What every {@link BlobStore} keeps to, wherever it keeps its bytes. */
import { expect } from 'chai';
import { digestOf, type Digest } from '../../lib/oci/digest.ts';
import type { BlobStore } from '../../lib/store/blob-store.ts';
import { contentOf, entriesOf, openBlob, put } from './blob-store-content.ts';

export interface BlobStoreSetup {
  readonly store: BlobStore;
  /** What the store takes for now. */
  readonly now: Date;
  /** The same store once its process has ended, in good order or not, and begun again. */
  reopen(): Promise<BlobStore>;
  /** Writes over the first byte of content, as a bad disk would, behind the store's back. */
  damage(digest: Digest): Promise<void>;
  close(): Promise<void>;
}

const hello = Buffer.from('hello, world');
const helloDigest = digestOf(hello);

export function describeBlobStore(name: string, setUp: () => Promise<BlobStoreSetup>): void {
  describe(`blob store: ${name}`, () => {
    let setup: BlobStoreSetup;
    let store: BlobStore;

    beforeEach(async () => {
      setup = await setUp();
      store = setup.store;
    });
    afterEach(() => setup.close());

    describe('content on its way in', () => {
      it('is read as far as it has come, while it grows', async () => {
        const writer = await store.create();
        expect(await writer.read(0, 10)).to.have.length(0);
        await writer.write([hello.subarray(0, 5)]);
        expect((await writer.read(0, 100)).toString()).to.equal('hello');
        await writer.write([hello.subarray(5), Buffer.alloc(0)]);
        expect((await writer.read(3, 4)).toString()).to.equal('lo, ');
        expect(await writer.read(hello.length, 1)).to.have.length(0);
        expect(await writer.read(1_000_000, 1)).to.have.length(0);
        await writer.discard();
        await writer.close();
      });

      it("is nobody else's to see before its commit", async () => {
        const writer = await store.create();
        await writer.write([hello]);
        expect(await store.open(helloDigest)).to.equal(undefined);
        expect(await entriesOf(store)).to.deep.equal([]);
        await writer.discard();
        await writer.close();
      });

      it('is readable through its writer after commit and discard, until that is closed', async () => {
        for (const end of ['commit', 'discard'] as const) {
          const writer = await store.create();
          await writer.write([hello]);
          await writer[end](helloDigest);
          expect(await writer.read(0, 5)).to.deep.equal(hello.subarray(0, 5));
          await writer.close();
          await writer.close();
          const late = await writer.read(0, 5).catch((error: unknown) => error);
          expect(late).to.be.instanceOf(Error);
        }
      });

      it('may be empty, one byte a piece, thousands of pieces at once, or large', async () => {
        const pieces = Array.from({ length: 3_000 }, (_, index) => Buffer.from(`piece ${index},`));
        const large = Buffer.alloc(5 * 1024 * 1024, 'large');
        for (const chunks of [[], [...hello].map((byte) => Buffer.of(byte)), pieces, [large]]) {
          const bytes = Buffer.concat(chunks);
          const writer = await store.create();
          await writer.write(chunks);
          await writer.commit(digestOf(bytes));
          await writer.close();
          expect((await contentOf(store, digestOf(bytes)))?.equals(bytes)).to.equal(true);
        }
      });

      it('does not mix with what another writes at the same time', async () => {
        const writers = await Promise.all(Array.from({ length: 8 }, () => store.create()));
        for (let round = 0; round < 20; round += 1) {
          await Promise.all(writers.map((writer, index) => writer.write([Buffer.of(index)])));
        }
        for (const [index, writer] of writers.entries()) {
          expect(await writer.read(0, 100)).to.deep.equal(Buffer.alloc(20, index));
          await writer.discard();
          await writer.close();
        }
      });
    });

    describe('content that is held', () => {
      it('is read from anywhere, and ends where it ends', async () => {
        await put(store, hello);
        const blob = await openBlob(store, helloDigest);
        expect(blob).to.include({ sizeBytes: hello.length, isUntouched: true });
        const reads = [
          [0, 12],
          [7, 5],
          [7, 50],
          [11, 1],
          [12, 1],
          [500, 10],
          [3, 0],
        ] as const;
        for (const [position, length] of reads) {
          const expected = hello.subarray(position, position + length);
          expect(await blob.read(position, length)).to.deep.equal(expected);
        }
        await blob.close();
        await blob.close();
      });

      it('outlives its process', async () => {
        await put(store, hello);
        await put(store, Buffer.from('sha512'), digestOf(Buffer.from('sha512'), 'sha512'));
        const again = await setup.reopen();
        expect(await contentOf(again, helloDigest)).to.deep.equal(hello);
        expect(await entriesOf(again)).to.have.length(2);
      });

      it('is held once, by however many it is committed at once', async () => {
        await Promise.all(Array.from({ length: 10 }, () => put(store, hello)));
        expect(await contentOf(store, helloDigest)).to.deep.equal(hello);
        expect(await entriesOf(store)).to.have.length(1);
      });

      it('is committed by its writer once, and then no more discarded', async () => {
        const writer = await store.create();
        await writer.write([hello]);
        await Promise.all([writer.commit(helloDigest), writer.commit(helloDigest)]);
        await writer.commit(helloDigest);
        await writer.discard();
        await writer.close();
        expect(await contentOf(store, helloDigest)).to.deep.equal(hello);
      });

      it('is not there where it was discarded first, whatever came after', async () => {
        const writer = await store.create();
        await writer.write([hello]);
        await Promise.all([writer.discard(), writer.discard()]);
        await writer.commit(helloDigest);
        await writer.close();
        expect(await store.open(helloDigest)).to.equal(undefined);
        expect(await entriesOf(store)).to.deep.equal([]);
      });

      it('goes at once when it is removed, but not for whoever reads it', async () => {
        await put(store, hello);
        const blob = await openBlob(store, helloDigest);
        expect(await store.remove(helloDigest)).to.equal(true);
        expect(await store.remove(helloDigest)).to.equal(false);
        expect(await store.open(helloDigest)).to.equal(undefined);
        expect(await blob.read(0, 100)).to.deep.equal(hello);
        await put(store, hello);
        expect(await blob.read(7, 5)).to.deep.equal(hello.subarray(7));
        await blob.close();
        expect(await contentOf(store, helloDigest)).to.deep.equal(hello);
      });

      it('is set aside without disturbing readers, and can be put again', async () => {
        await put(store, hello);
        const blob = await openBlob(store, helloDigest);
        await store.setAside(helloDigest);
        await store.setAside(helloDigest);
        expect(await store.open(helloDigest)).to.equal(undefined);
        expect(await entriesOf(store)).to.deep.equal([]);
        expect(await blob.read(0, 100)).to.deep.equal(hello);
        await blob.close();
        await put(store, hello);
        await store.setAside(helloDigest);
        await put(store, hello);
        expect(await contentOf(store, helloDigest)).to.deep.equal(hello);
      });

      it('shows that somebody wrote to it, until it was found whole', async () => {
        await put(store, hello);
        await setup.damage(helloDigest);
        const blob = await openBlob(await setup.reopen(), helloDigest);
        expect(blob.isUntouched).to.equal(false);
        await blob.close();
        await store.touch(helloDigest, setup.now);
        const found = await openBlob(store, helloDigest);
        expect(found.isUntouched).to.equal(true);
        await found.close();
      });

      it('is committed anew over damage', async () => {
        await put(store, hello);
        await setup.damage(helloDigest);
        await put(store, hello);
        const blob = await openBlob(store, helloDigest);
        expect(blob.isUntouched).to.equal(true);
        expect(await blob.read(0, 100)).to.deep.equal(hello);
        await blob.close();
      });
    });

    describe('the list of content', () => {
      it('has each with its size, and when it was last used', async () => {
        const other = await put(
          store,
          Buffer.from('other'),
          digestOf(Buffer.from('other'), 'sha512'),
        );
        await put(store, hello);
        const usedAt = new Date(setup.now.getTime() - 86_400_000);
        await store.touch(other, usedAt);
        const entries = await entriesOf(await setup.reopen());
        expect(entries).to.have.deep.members([
          { digest: helloDigest, sizeBytes: hello.length, usedAt: setup.now },
          { digest: other, sizeBytes: 5, usedAt },
        ]);
      });

      it('is not disturbed by what comes and goes meanwhile', async () => {
        const digests = await Promise.all(
          Array.from({ length: 40 }, (_, index) => put(store, Buffer.from(`blob ${index}`))),
        );
        const seen: Digest[] = [];
        for await (const { digest } of store.list()) {
          seen.push(digest);
          if (seen.length === 1) for (const each of digests.slice(10)) await store.remove(each);
          await put(store, Buffer.from(`new ${seen.length}`));
        }
        expect(new Set(seen).size).to.equal(seen.length);
        expect(seen).to.include.members(digests.slice(0, 10));
      });
    });

    it('knows nothing of what it does not hold', async () => {
      expect(await store.open(helloDigest)).to.equal(undefined);
      expect(await store.remove(helloDigest)).to.equal(false);
      await store.setAside(helloDigest);
      await store.touch(helloDigest, setup.now);
      expect(await entriesOf(store)).to.deep.equal([]);
      expect(await entriesOf(await setup.reopen())).to.deep.equal([]);
    });
  });
}
