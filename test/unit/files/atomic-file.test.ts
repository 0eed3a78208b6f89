import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { errorCode } from '../../../lib/errors/mirrorgate-error.ts';
import {
  isTemporaryName,
  readFileIfPresent,
  removeFile,
  syncDirectory,
  temporaryPath,
  writeFileAtomically,
} from '../../../lib/files/atomic-file.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { injectFault, systemError } from './file-handle-fault.ts';

describe('a file written atomically', () => {
  let directory: TemporaryDirectory;
  let path: string;

  beforeEach(async () => {
    directory = await TemporaryDirectory.create('atomic-file');
    path = directory.join('state.json');
  });
  afterEach(() => directory.close());

  it('is made, and replaced, and leaves nothing beside it', async () => {
    await writeFileAtomically(path, 'first');
    await writeFileAtomically(path, Buffer.from('second'));
    expect(await readFile(path, 'utf8')).to.equal('second');
    expect(await readdir(directory.path)).to.deep.equal(['state.json']);
  });

  it('has the mode that was asked for, whatever the umask and the old mode', async () => {
    await writeFile(path, '', { mode: 0o666 });
    const before = process.umask(0o777);
    try {
      await writeFileAtomically(path, 'private');
      expect((await stat(path)).mode & 0o777).to.equal(0o600);
      await writeFileAtomically(path, 'public', { mode: 0o644 });
      expect((await stat(path)).mode & 0o777).to.equal(0o644);
    } finally {
      process.umask(before);
    }
  });

  it('replaces a symbolic link, not what it leads to', async () => {
    await writeFile(directory.join('target'), 'untouched');
    await symlink('target', path);
    await writeFileAtomically(path, 'new');
    expect(await readFile(directory.join('target'), 'utf8')).to.equal('untouched');
    expect(await readFile(path, 'utf8')).to.equal('new');
  });

  for (const operation of ['writeFile', 'chmod', 'sync'] as const) {
    it(`stays as it was where ${operation} fails, and the failure is told`, async () => {
      await writeFile(path, 'old');
      const restore = await injectFault(operation, () => Promise.reject(systemError('EIO')));
      try {
        const error = await writeFileAtomically(path, 'new').catch((reason: unknown) => reason);
        expect(errorCode(error)).to.equal('EIO');
      } finally {
        restore();
      }
      expect(await readFile(path, 'utf8')).to.equal('old');
      expect(await readdir(directory.path)).to.deep.equal(['state.json']);
    });
  }

  it('is not written over a directory, and leaves nothing there', async () => {
    await mkdir(path);
    const error = await writeFileAtomically(path, 'new').catch((reason: unknown) => reason);
    expect(errorCode(error)).to.be.oneOf(['EISDIR', 'ENOTEMPTY', 'EEXIST']);
    expect(await readdir(directory.path)).to.deep.equal(['state.json']);
  });

  it('needs its folder to be there', async () => {
    const outcome = writeFileAtomically(directory.join('none', 'x'), 'new');
    expect(errorCode(await outcome.catch((reason: unknown) => reason))).to.equal('ENOENT');
  });

  it('is one of those that were written, by however many at once', async () => {
    const texts = Array.from({ length: 20 }, (_, index) => String(index).repeat(10_000));
    await Promise.all(texts.map((text) => writeFileAtomically(path, text)));
    expect(texts).to.include(await readFile(path, 'utf8'));
    expect(await readdir(directory.path)).to.deep.equal(['state.json']);
  });

  it('is whole whenever its writer is killed, and what that left is known by its name', async function () {
    this.timeout(60_000);
    for (let round = 0; round < 8; round += 1) {
      const script = join(import.meta.dirname, 'writing-process.ts');
      const child = spawn(process.execPath, ['--import', 'tsx', script, path], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(createInterface(child.stdout), 'line');
      await delay(round);
      child.kill('SIGKILL');
      await once(child, 'close');
      const bytes = await readFile(path);
      expect(bytes.length).to.equal(1024 * 1024);
      expect(new Set(bytes).size, 'kinds of bytes').to.equal(1);
      const leftovers = (await readdir(directory.path)).filter((name) => name !== 'state.json');
      expect(leftovers.filter((name) => !isTemporaryName(name))).to.deep.equal([]);
      for (const name of leftovers) await removeFile(directory.join(name));
    }
  });
});

describe('a temporary path', () => {
  it('stands beside its file, is known by its name, and is never the same', () => {
    const paths = Array.from({ length: 100 }, () => temporaryPath('/var/lib/x/state.json'));
    expect(new Set(paths).size).to.equal(100);
    for (const path of paths) {
      expect(dirname(path)).to.equal('/var/lib/x');
      expect(isTemporaryName(basename(path))).to.equal(true);
    }
    expect(isTemporaryName('state.json')).to.equal(false);
  });

  it('is a name that the file system takes, for the longest names too', async () => {
    const directory = await TemporaryDirectory.create('long-names');
    try {
      for (const name of ['a'.repeat(255), 'ü'.repeat(127), '魚'.repeat(85)]) {
        await writeFileAtomically(directory.join(name), name);
        expect(await readFile(directory.join(name), 'utf8')).to.equal(name);
      }
    } finally {
      await directory.close();
    }
  });
});

describe('files that may not be there', () => {
  it('are read as undefined and removed without a word, also below a file', async () => {
    const directory = await TemporaryDirectory.create('no-files');
    try {
      await writeFile(directory.join('file'), 'content');
      for (const path of [directory.join('none'), directory.join('file', 'below')]) {
        expect(await readFileIfPresent(path)).to.equal(undefined);
        expect(await removeFile(path)).to.equal(false);
      }
      expect(await readFileIfPresent(directory.join('file'))).to.deep.equal(Buffer.from('content'));
      expect(await removeFile(directory.join('file'))).to.equal(true);
      const unreadable = await readFileIfPresent(directory.path).catch(errorCode);
      expect(unreadable).to.equal('EISDIR');
      expect(await syncDirectory(directory.join('none')).catch(errorCode)).to.equal('ENOENT');
    } finally {
      await directory.close();
    }
  });
});
