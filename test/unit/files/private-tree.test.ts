import { chown, chmod, mkdir, stat, symlink, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import {
  checkPrivateFile,
  claimPrivateDirectory,
  ensurePrivateDirectory,
} from '../../../lib/files/private-tree.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { rejectionOf } from '../../support/rejection.ts';

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

/** Runs `work` as if this process were another user's. */
async function asUser<T>(uid: number, work: () => Promise<T>): Promise<T> {
  const own = process.getuid?.bind(process);
  process.getuid = () => uid;
  try {
    return await work();
  } finally {
    if (own === undefined) delete process.getuid;
    else process.getuid = own;
  }
}

describe('private files and directories', () => {
  let directory: TemporaryDirectory;
  let path: string;

  beforeEach(async () => {
    directory = await TemporaryDirectory.create('private-tree');
    path = directory.join('private');
  });
  afterEach(() => directory.close());

  it('are made for their owner alone, with every folder above that was not there', async () => {
    const before = process.umask(0o000);
    try {
      await ensurePrivateDirectory(directory.join('a', 'b'));
    } finally {
      process.umask(before);
    }
    expect(await modeOf(directory.join('a'))).to.equal(0o700);
    expect(await modeOf(directory.join('a', 'b'))).to.equal(0o700);
    await ensurePrivateDirectory(directory.join('a', 'b'));
  });

  for (const mode of [0o701, 0o710, 0o704, 0o755, 0o777]) {
    it(`are refused, not mended, where others may enter: ${mode.toString(8)}`, async () => {
      await mkdir(path);
      await chmod(path, mode);
      const error = await rejectionOf(ensurePrivateDirectory(path));
      expect(error.code).to.equal('MIRRORGATE_FILES_PERMISSIONS');
      expect(error.hint).to.contain(`chmod 700 ${path}`);
      expect(await modeOf(path)).to.equal(mode);
    });
  }

  it('are tightened where nothing secret was in them, as their entries tell', async () => {
    await mkdir(path);
    await chmod(path, 0o755);
    await writeFile(`${path}/known`, '');
    const seen: (readonly string[])[] = [];
    const error = await rejectionOf(claimPrivateDirectory(path, (names) => seen.push(names) === 0));
    expect(error.code).to.equal('MIRRORGATE_FILES_PERMISSIONS');
    await claimPrivateDirectory(path, (names) => names.includes('known'));
    expect(seen).to.deep.equal([['known']]);
    expect(await modeOf(path)).to.equal(0o700);
  });

  it('with a file in their place are refused, and told apart from a full disk', async () => {
    await writeFile(path, '');
    for (const wanted of [path, `${path}/below`]) {
      const error = await rejectionOf(ensurePrivateDirectory(wanted));
      expect(error.code).to.equal('MIRRORGATE_FILES_DIRECTORY');
    }
    expect((await rejectionOf(ensurePrivateDirectory(path))).message).to.contain('not a directory');
  });

  it('behind a symbolic link are refused, whether it leads anywhere or not', async () => {
    await mkdir(directory.join('elsewhere'), { mode: 0o700 });
    await symlink('elsewhere', path);
    // So that it is somebody's, though this process may be root.
    await chmod(directory.path, 0o777);
    const error = await rejectionOf(ensurePrivateDirectory(path));
    expect(error.code).to.equal('MIRRORGATE_FILES_DIRECTORY');
    expect(error.message).to.contain('symbolic link');
    await symlink('nowhere', directory.join('dangling'));
    const dangling = await rejectionOf(ensurePrivateDirectory(directory.join('dangling')));
    expect(dangling.code).to.equal('MIRRORGATE_FILES_DIRECTORY');
  });

  it('behind a link of the system itself are taken: where systemd keeps them for a dynamic user', async function () {
    if (process.getuid?.() !== 0) {
      console.warn('    skipped, only root can make what belongs to another user');
      this.skip();
    }
    const uid = 4_000_001;
    await mkdir(directory.join('elsewhere'), { mode: 0o700 });
    await chown(directory.join('elsewhere'), uid, uid);
    await symlink('elsewhere', path);
    await asUser(uid, () => ensurePrivateDirectory(path));
    // The command line is root's.
    await ensurePrivateDirectory(path);
    await chmod(directory.path, 0o777);
    const error = await asUser(uid, () => rejectionOf(ensurePrivateDirectory(path)));
    expect(error.message).to.contain('symbolic link');
  });

  it('of another user are refused, unless this process is root', async () => {
    await mkdir(path, { mode: 0o700 });
    await writeFile(directory.join('key'), '', { mode: 0o600 });
    await asUser(4_000_001, async () => {
      const error = await rejectionOf(ensurePrivateDirectory(path));
      expect(error.code).to.equal('MIRRORGATE_FILES_PERMISSIONS');
      expect(error.hint).to.contain('chown');
      const file = await rejectionOf(checkPrivateFile(directory.join('key')));
      expect(file.code).to.equal('MIRRORGATE_FILES_PERMISSIONS');
    });
    await asUser(0, async () => {
      await ensurePrivateDirectory(path);
      expect(await checkPrivateFile(directory.join('key'))).to.equal(true);
    });
  });

  it('may be absent where they are files', async () => {
    expect(await checkPrivateFile(path)).to.equal(false);
    await writeFile(path, '');
    await chmod(path, 0o600);
    expect(await checkPrivateFile(`${path}/below`)).to.equal(false);
  });

  for (const mode of [0o640, 0o604, 0o601, 0o622, 0o666]) {
    it(`are refused as files that others may use: ${mode.toString(8)}`, async () => {
      await writeFile(path, 'key');
      await chmod(path, mode);
      const error = await rejectionOf(checkPrivateFile(path));
      expect(error.code).to.equal('MIRRORGATE_FILES_PERMISSIONS');
      expect(error.hint).to.contain(`chmod 600 ${path}`);
    });
  }

  it('are accepted as files that their owner alone may use', async () => {
    for (const mode of [0o600, 0o400, 0o700]) {
      await writeFile(path, 'key', { mode: 0o600 });
      await chmod(path, mode);
      expect(await checkPrivateFile(path)).to.equal(true);
    }
  });

  it('are refused as links, whose mode says nothing', async () => {
    await writeFile(directory.join('key'), '', { mode: 0o600 });
    await symlink('key', path);
    const error = await rejectionOf(checkPrivateFile(path));
    expect(error.code).to.equal('MIRRORGATE_FILES_PERMISSIONS');
    expect(error.message).to.contain('symbolic link');
  });
});
