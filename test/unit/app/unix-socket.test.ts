import { once } from 'node:events';
import { rename, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { expect } from 'chai';
import { answersAt, assertSocketPath, clearSocketPath } from '../../../lib/app/unix-socket.ts';
import { errorOf, rejectionOf } from '../../support/rejection.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';

describe('the path of a unix socket', () => {
  let directory: TemporaryDirectory;
  let path: string;
  let server: Server;

  const listen = async (): Promise<void> => {
    server.listen(path);
    await once(server, 'listening');
  };
  const die = async (): Promise<void> => {
    await rename(path, `${path}.kept`);
    server.close();
    await once(server, 'close');
    await rename(`${path}.kept`, path);
  };
  beforeEach(async () => {
    directory = await TemporaryDirectory.create('socket');
    path = directory.join('a.sock');
    server = createServer();
  });
  afterEach(async () => {
    server.close();
    await directory.close();
  });

  it('is cleared of a socket that nobody listens on', async () => {
    await listen();
    await die();
    expect(await answersAt(path)).to.equal(false);
    await clearSocketPath(path, 'listen.admin');
    expect(await stat(path).catch(() => 'absent')).to.equal('absent');
  });

  it('is clear where nothing is', async () => {
    await clearSocketPath(path, 'listen.admin');
    expect(await answersAt(path)).to.equal(false);
  });

  it('is left to whoever listens there', async () => {
    await listen();
    expect(await answersAt(path)).to.equal(true);
    const error = await rejectionOf(clearSocketPath(path, 'listen.admin'));
    expect([error.code, error.hint]).to.deep.equal([
      'MIRRORGATE_SOCKET_TAKEN',
      'name another path as listen.admin',
    ]);
    expect(await answersAt(path)).to.equal(true);
  });

  it('is left to a file or folder that is no socket', async () => {
    await writeFile(path, 'precious');
    for (const place of [path, directory.path]) {
      const error = await rejectionOf(clearSocketPath(place, 'listen.admin'));
      expect(error.code).to.equal('MIRRORGATE_SOCKET_TAKEN');
      expect((await stat(place)).isSocket()).to.equal(false);
    }
  });

  it('has 107 bytes at most', () => {
    assertSocketPath(`/${'a'.repeat(106)}`, 'state.directory');
    for (const long of [`/${'a'.repeat(107)}`, `/${'é'.repeat(54)}`]) {
      const error = errorOf(() => assertSocketPath(long, 'state.directory'));
      expect([error.code, error.hint]).to.deep.equal([
        'MIRRORGATE_SOCKET_PATH',
        'choose a shorter state.directory',
      ]);
    }
  });
});
