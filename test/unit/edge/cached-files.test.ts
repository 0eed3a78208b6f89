import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect } from 'chai';
import { openCachedFile } from '../../../lib/edge/cached-files.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';

const hex = 'ab'.repeat(32);
const path = `/blobs/sha256/ab/${hex}`;
const span = { first: 0, last: 6, sizeBytes: 7 };

describe('openCachedFile', () => {
  let directory: TemporaryDirectory;
  beforeEach(async () => {
    directory = await TemporaryDirectory.create('files');
    await mkdir(dirname(directory.join('cache', path)), { recursive: true });
    await writeFile(directory.join('cache', path), 'content');
    await writeFile(directory.join('secret'), 'content');
    await writeFile(directory.join('cache', 'secret'), 'content');
  });
  afterEach(() => directory.close());

  const opened = async (named: string, of = span): Promise<boolean> => {
    const file = await openCachedFile(directory.join('cache'), named, of);
    await file?.handle.close();
    return file !== undefined;
  };

  it('opens content that is as long as it should be', async () => {
    expect(await opened(path)).to.equal(true);
  });

  it('opens nothing that is gone, or of another length', async () => {
    expect(await opened(`/blobs/sha256/cd/${'cd'.repeat(32)}`)).to.equal(false);
    expect(await opened(path, { ...span, sizeBytes: 8 })).to.equal(false);
    await truncate(directory.join('cache', path), 3);
    expect(await opened(path)).to.equal(false);
  });

  for (const named of [
    '/secret',
    '/../secret',
    '/blobs/../../secret',
    `/blobs/sha256/ab/../../../../secret`,
    `/blobs/sha256/../ab/${hex}`,
    `blobs/sha256/ab/${hex}`,
    `/blobs//sha256/ab/${hex}`,
    `${path}\0`,
    `${path}/`,
    `/filling/worker-1/${hex}`,
    '/blobs/sha256/ab',
  ]) {
    it(`does not open ${JSON.stringify(named)}`, async () => {
      expect(await opened(named)).to.equal(false);
    });
  }

  it('follows no link out of the folder', async () => {
    const link = `/blobs/sha256/ef/${'ef'.repeat(32)}`;
    await mkdir(dirname(directory.join('cache', link)));
    await symlink(directory.join('secret'), directory.join('cache', link));
    expect(await opened(link)).to.equal(false);
  });
});
