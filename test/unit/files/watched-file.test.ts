import { writeFileSync } from 'node:fs';
import { mkdir, rename, rm, stat, symlink, unlink, utimes, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { WatchedFile } from '../../../lib/files/watched-file.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { until } from '../../support/until.ts';

describe('a watched file', function () {
  this.slow(3_000);
  let directory: TemporaryDirectory;
  let path: string;
  let watched: WatchedFile | undefined;
  let changes: number;

  beforeEach(async () => {
    directory = await TemporaryDirectory.create('watched-file');
    path = directory.join('list.yaml');
    await writeFile(path, 'one');
  });
  afterEach(async () => {
    watched?.close();
    await directory.close();
  });

  function watch(): void {
    changes = 0;
    watched = new WatchedFile(path, () => (changes += 1));
  }

  async function toldOf(change: () => Promise<void>): Promise<void> {
    const before = changes;
    await change();
    await until('word of the change', () => changes > before);
  }

  it('tells an edit of the same size', async () => {
    watch();
    await toldOf(() => writeFile(path, 'two'));
  });

  it('tells an edit of the same size and time', async () => {
    const { atime, mtime } = await stat(path);
    watch();
    await toldOf(async () => {
      await writeFile(path, 'two');
      await utimes(path, atime, mtime);
    });
  });

  it('tells a file that is renamed over it, time and time again', async () => {
    watch();
    for (const text of ['two', 'six', 'ten']) {
      await toldOf(async () => {
        await writeFile(`${path}.new`, text);
        await rename(`${path}.new`, path);
      });
    }
  });

  it('tells that it disappears, and that it comes back', async () => {
    watch();
    await toldOf(() => unlink(path));
    await toldOf(() => writeFile(path, 'one'));
  });

  it('tells that it comes, where it was not there, nor its folder', async () => {
    path = directory.join('later', 'list.yaml');
    watch();
    await mkdir(directory.join('later'));
    await toldOf(() => writeFile(path, 'one'));
  });

  it('tells a link that is swapped, as in the folders of Kubernetes', async () => {
    await mkdir(directory.join('v1'));
    await mkdir(directory.join('v2'));
    await writeFile(directory.join('v1', 'list.yaml'), 'one');
    await writeFile(directory.join('v2', 'list.yaml'), 'two');
    await symlink('v1', directory.join('data'));
    path = directory.join('data', 'list.yaml');
    watch();
    await toldOf(async () => {
      await symlink('v2', directory.join('data.new'));
      await rename(directory.join('data.new'), directory.join('data'));
    });
    await toldOf(() => rm(directory.join('v2'), { recursive: true }));
  });

  // fs.watchFile took one edit in five for the state it had begun with.
  it('tells what is written the moment that it is watched', async () => {
    const told = new Set<number>();
    const files = Array.from({ length: 20 }, (_, index) => {
      const file = directory.join(`file-${index}`);
      writeFileSync(file, 'one');
      const one = new WatchedFile(file, () => told.add(index));
      writeFileSync(file, 'another');
      return one;
    });
    try {
      await until('word of every file', () => told.size === files.length);
    } finally {
      for (const file of files) file.close();
    }
  });

  it('tells its watchers apart, and nothing to one that is closed', async () => {
    watch();
    const first = watched;
    let others = 0;
    const other = new WatchedFile(path, () => (others += 1));
    first?.close();
    first?.close();
    await writeFile(path, 'two');
    await until('word for the other', () => others > 0);
    other.close();
    expect(changes).to.equal(0);
  });

  it('is not told while it stays as it is', async () => {
    watch();
    const marker = directory.join('marker');
    let marks = 0;
    const other = new WatchedFile(marker, () => (marks += 1));
    await writeFile(marker, '1');
    await until('two rounds of polling', async () => {
      if (marks === 0) return false;
      await writeFile(marker, String(marks));
      return marks > 2;
    });
    other.close();
    await delay(0);
    expect(changes).to.equal(0);
  });
});
