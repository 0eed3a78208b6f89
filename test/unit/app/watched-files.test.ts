import { writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { WatchedFiles } from '../../../lib/app/watched-files.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { until } from '../../support/until.ts';

describe('WatchedFiles', () => {
  let directory: TemporaryDirectory;
  let watched: WatchedFiles;
  let changes: string[];

  const follow = (...names: readonly string[]): void =>
    watched.follow(
      new Map(names.map((name) => [directory.join(name), () => void changes.push(name)])),
    );
  const write = async (name: string): Promise<void> =>
    writeFile(directory.join(name), `${performance.now()}`);
  beforeEach(async () => {
    directory = await TemporaryDirectory.create('watched');
    [watched, changes] = [new WatchedFiles(), []];
    for (const name of ['a', 'b']) await write(name);
  });
  afterEach(async () => {
    watched.close();
    await directory.close();
  });

  it('tell of a change that falls between two calls to follow the same file', async () => {
    follow('a', 'b');
    await write('a');
    follow('a');
    await until('change', () => changes.includes('a'));
  });

  it('do not tell of a file that is followed no more', async () => {
    follow('a', 'b');
    follow('b');
    await write('a');
    await write('b');
    await until('change', () => changes.includes('b'));
    expect(changes).to.deep.equal(['b']);
  });

  it('tell of a file that comes into being', async () => {
    follow('c');
    await write('c');
    await until('change', () => changes.includes('c'));
  });

  it('let go of a file of ranges that the list names no more', async () => {
    for (const name of ['a', 'b']) {
      watched.addRanges(directory.join(name), () => void changes.push(name));
    }
    watched.keepRanges(new Set([directory.join('b')]));
    await write('a');
    await write('b');
    await until('change', () => changes.includes('b'));
    expect(changes).to.deep.equal(['b']);
  });
});
