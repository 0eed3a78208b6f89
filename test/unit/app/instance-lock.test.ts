import { once } from 'node:events';
import { readdir, rename, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { expect } from 'chai';
import { controlServer } from '../../../lib/app/control-server.ts';
import { InstanceLock } from '../../../lib/app/instance-lock.ts';
import { rejectionOf } from '../../support/rejection.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';

describe('InstanceLock', () => {
  let directory: TemporaryDirectory;

  const path = (): string => directory.join('control.sock');
  const take = (path: string): Promise<InstanceLock> => InstanceLock.take(path, controlServer({}));
  /** What a gate leaves whose process was killed: a socket that nobody listens on. */
  const leaveDead = async (): Promise<void> => {
    const server = createServer();
    server.listen(path());
    await once(server, 'listening');
    await rename(path(), `${path()}.kept`);
    server.close();
    await once(server, 'close');
    await rename(`${path()}.kept`, path());
  };
  beforeEach(async () => {
    directory = await TemporaryDirectory.create('lock');
  });
  afterEach(() => directory.close());

  it('is had by one at a time', async () => {
    const lock = await take(directory.path);
    const error = await rejectionOf(take(directory.path));
    expect(error.code).to.equal('MIRRORGATE_STATE_IN_USE');
    await lock.release();
    await (await take(directory.path)).release();
  });

  it('is a socket for its owner alone, and leaves nothing behind', async () => {
    const lock = await take(directory.path);
    expect(await readdir(directory.path)).to.deep.equal(['control.sock']);
    expect((await stat(path())).mode & 0o777).to.equal(0o600);
    await lock.release();
    expect(await readdir(directory.path)).to.deep.equal([]);
  });

  it('is taken from one that was killed', async () => {
    await leaveDead();
    const lock = await take(directory.path);
    expect(await readdir(directory.path)).to.deep.equal(['control.sock']);
    await lock.release();
  });

  for (const [what, prepare] of [
    ['there is none', () => Promise.resolve()],
    ['a dead one is there', leaveDead],
  ] as const) {
    it(`is had by one of many that try at once where ${what}`, async () => {
      for (let round = 0; round < 20; round += 1) {
        await prepare();
        const attempts = Array.from({ length: 5 }, () => take(directory.path));
        const outcomes = await Promise.allSettled(attempts);
        const locks = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
        expect(locks).to.have.length(1);
        await rejectionOf(take(directory.path));
        for (const lock of locks) await lock.release();
        expect(await readdir(directory.path)).to.deep.equal([]);
      }
    });
  }

  it('is refused by a folder that is too deep for a socket', async () => {
    const error = await rejectionOf(take(directory.join('a'.repeat(100))));
    expect(error.code).to.equal('MIRRORGATE_SOCKET_PATH');
  });

  it('says what failed where the folder takes none', async () => {
    await writeFile(directory.join('file'), '');
    const error = await rejectionOf(take(directory.join('file')));
    expect(error.code).to.equal('MIRRORGATE_STATE_LOCK');
    expect(error.message).to.include(directory.join('file'));
  });
});
