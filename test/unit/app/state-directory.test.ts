import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { prepareStateDirectory } from '../../../lib/app/state-directory.ts';
import { loadConfiguration } from '../../../lib/config/load.ts';
import { GateFolder } from '../../support/app/gate-folder.ts';
import { rejectionOf } from '../../support/rejection.ts';

describe('the state directory', () => {
  let folder: GateFolder;

  const prepare = async (): Promise<void> =>
    prepareStateDirectory(await loadConfiguration(folder.configurationFile));
  const mode = async (name: string): Promise<number> =>
    (await stat(folder.join(name))).mode & 0o777;
  beforeEach(async () => {
    folder = await GateFolder.create();
  });
  afterEach(() => folder.close());

  it('is made for its owner alone', async () => {
    await prepare();
    expect([await mode('state'), await mode('state/run')]).to.deep.equal([0o700, 0o700]);
  });

  it('is tightened where it holds nothing but what is ours', async () => {
    for (const name of ['run', 'certs', 'cache', 'lost+found']) {
      await mkdir(folder.join('state', name), { recursive: true, mode: 0o700 });
    }
    await chmod(folder.join('state'), 0o755);
    await prepare();
    expect(await mode('state')).to.equal(0o700);
  });

  it('is left alone where it has more in it, such as a whole system', async () => {
    for (const name of ['run', 'etc']) {
      await mkdir(folder.join('state', name), { recursive: true });
    }
    await chmod(folder.join('state'), 0o755);
    expect((await rejectionOf(prepare())).code).to.equal('MIRRORGATE_FILES_PERMISSIONS');
    expect(await mode('state')).to.equal(0o755);
  });

  it('is refused where it is a file', async () => {
    await writeFile(folder.join('state'), '');
    expect((await rejectionOf(prepare())).code).to.equal('MIRRORGATE_FILES_DIRECTORY');
  });
});
