import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect } from 'chai';
import { SmallFiles } from '../../../lib/edge/small-files.ts';
import { digestHex, digestOf } from '../../../lib/oci/digest.ts';
import { openFiles } from '../../support/edge/open-files.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';

interface Placed {
  readonly path: string;
  readonly bytes: Buffer;
}

describe('SmallFiles', () => {
  let directory: TemporaryDirectory;
  let files: SmallFiles;
  beforeEach(async () => {
    directory = await TemporaryDirectory.create('small');
    files = new SmallFiles(directory.path, 100_000);
  });
  afterEach(() => directory.close());

  const place = async (sizeBytes: number, named?: Buffer): Promise<Placed> => {
    const bytes = randomBytes(sizeBytes);
    const hex = digestHex(digestOf(named ?? bytes));
    const path = `/blobs/sha256/${hex.slice(0, 2)}/${hex}`;
    await mkdir(dirname(directory.join(path)), { recursive: true });
    await writeFile(directory.join(path), bytes);
    return { path, bytes };
  };
  const content = ({ path, bytes }: Placed): Promise<Buffer | 'wrong' | undefined> =>
    files.content(path, { first: 1, last: 1, sizeBytes: bytes.length });

  it('gives the whole of a file, and does not read it again', async () => {
    const placed = await place(64 * 1024);
    const before = await openFiles();
    expect(await content(placed)).to.deep.equal(placed.bytes);
    expect(await openFiles()).to.equal(before);
    await rm(directory.join(placed.path));
    expect(await content(placed)).to.deep.equal(placed.bytes);
  });

  it('gives no larger one', async () => {
    expect(await content(await place(64 * 1024 + 1))).to.equal(undefined);
  });

  it('tells what is not what its name says, and keeps none of it', async () => {
    const right = randomBytes(1000);
    const placed = await place(1000, right);
    expect(await content(placed)).to.equal('wrong');
    await writeFile(directory.join(placed.path), right);
    expect(await content(placed)).to.deep.equal(right);
  });

  it('gives nothing of a file that is gone, of another length, or no content', async () => {
    const placed = await place(1000);
    expect(await content({ ...placed, bytes: Buffer.alloc(999) })).to.equal(undefined);
    await rm(directory.join(placed.path));
    expect(await content(placed)).to.equal(undefined);
    expect(await content({ ...placed, path: '/mirrors/hub' })).to.equal(undefined);
  });

  it('lets go of what was not asked for longest', async () => {
    const placed = [await place(60_000), await place(60_000)];
    for (const one of placed) await content(one);
    for (const { path } of placed) await rm(directory.join(path));
    const found = await Promise.all(placed.map(content));
    expect(found.map((bytes) => bytes !== undefined)).to.deep.equal([false, true]);
  });
});
