import {
  chmod,
  lstat,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { editExclusively } from '../../../lib/access/exclusive-edit.ts';
import { rejectionOf } from '../../support/rejection.ts';

describe('an exclusive edit', () => {
  let directory: string;
  let path: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'exclusive-edit-'));
    path = join(directory, 'list');
    await writeFile(path, 'a\n');
  });
  afterEach(() => rm(directory, { recursive: true }));

  const append = (line: string) => (text: string) => ({ text: `${text}${line}\n`, outcome: line });

  it('replaces the text, tells the outcome and leaves nothing behind', async () => {
    expect(await editExclusively({ path }, append('b'))).to.equal('b');
    expect(await readFile(path, 'utf8')).to.equal('a\nb\n');
    expect(await readdir(directory)).to.deep.equal(['list']);
  });

  it('keeps the mode', async () => {
    for (const mode of [0o600, 0o640, 0o664, 0o444]) {
      await chmod(path, mode);
      await editExclusively({ path }, append('b'));
      expect((await stat(path)).mode & 0o7777).to.equal(mode);
    }
  });

  it('keeps a symbolic link, and edits what it points to', async () => {
    const link = join(directory, 'link');
    await symlink('list', link);
    await editExclusively({ path: link }, append('b'));
    expect((await lstat(link)).isSymbolicLink()).to.equal(true);
    expect(await readFile(path, 'utf8')).to.equal('a\nb\n');
  });

  it('that changes nothing does not touch the file', async () => {
    const past = new Date('2020-01-01T00:00:00Z');
    await utimes(path, past, past);
    const { ino } = await stat(path);
    await editExclusively({ path }, (text) => ({ text, outcome: undefined }));
    const after = await stat(path);
    expect([after.ino, after.mtime]).to.deep.equal([ino, past]);
    expect(await readdir(directory)).to.deep.equal(['list']);
  });

  it('that throws leaves the file and no lock', async () => {
    const failure = await editExclusively({ path }, () => {
      throw new RangeError('no');
    }).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(RangeError);
    expect(await readFile(path, 'utf8')).to.equal('a\n');
    expect(await readdir(directory)).to.deep.equal(['list']);
  });

  it('loses none of many at the same time', async () => {
    const lines = Array.from({ length: 30 }, (_, index) => `line ${index}`);
    await Promise.all(lines.map((line) => editExclusively({ path }, append(line))));
    const text = await readFile(path, 'utf8');
    expect(text.trimEnd().split('\n')).to.have.members(['a', ...lines]);
  });

  it('is done again on what an editor saved meanwhile', async () => {
    let calls = 0;
    await editExclusively({ path }, (text) => {
      calls += 1;
      if (calls === 1) writeFileSync(path, 'saved by an editor\n');
      return append('b')(text);
    });
    expect(calls).to.equal(2);
    expect(await readFile(path, 'utf8')).to.equal('saved by an editor\nb\n');
  });

  it('gives up where the file never holds still', async () => {
    let calls = 0;
    const outcome = editExclusively({ path }, (text) => {
      calls += 1;
      writeFileSync(path, `saved ${calls} times\n`);
      return append('b')(text);
    });
    expect((await rejectionOf(outcome)).code).to.equal('MIRRORGATE_ACCESS_BUSY');
    expect(await readFile(path, 'utf8')).to.equal(`saved ${calls} times\n`);
    expect(await readdir(directory)).to.deep.equal(['list']);
  });

  it('waits for another no longer than it may, and leaves that one its lock', async () => {
    await writeFile(`${path}.lock`, '');
    const error = await rejectionOf(
      editExclusively({ path, signal: AbortSignal.timeout(15) }, append('b')),
    );
    expect(error.code).to.equal('MIRRORGATE_ACCESS_BUSY');
    expect(error.hint).to.include(`${path}.lock`);
    expect(await readdir(directory)).to.have.members(['list', 'list.lock']);
  });

  it('goes on as soon as the other has ended', async () => {
    await writeFile(`${path}.lock`, '');
    const edit = editExclusively({ path }, append('b'));
    await rm(`${path}.lock`);
    expect(await edit).to.equal('b');
  });

  it('refuses text that it could not write back byte for byte', async () => {
    const latin1 = Buffer.from('# caf\xe9\n', 'latin1');
    await writeFile(path, latin1);
    const error = await rejectionOf(editExclusively({ path }, append('b')));
    expect(error.code).to.equal('MIRRORGATE_ACCESS_WRITE');
    expect(await readFile(path)).to.deep.equal(latin1);
  });

  it('of a missing file, or of a folder, says so', async () => {
    for (const ill of [join(directory, 'absent'), directory]) {
      const error = await rejectionOf(editExclusively({ path: ill }, append('b')));
      expect(error.code).to.equal('MIRRORGATE_ACCESS_WRITE');
      expect(error.message).to.include(ill);
    }
    expect(await readdir(directory)).to.deep.equal(['list']);
  });
});
