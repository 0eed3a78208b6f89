import { expect } from 'chai';
import { GateFolder } from '../../support/app/gate-folder.ts';
import { expectRefusal } from '../../support/app/program.ts';

describe('mirrorgate ca inject', () => {
  let folder: GateFolder;
  beforeEach(async () => {
    folder = await GateFolder.create();
  });
  afterEach(() => folder.close());

  it('says what it would change, changes it, and says that nothing is left to do', async () => {
    await folder.run('ca', 'init');
    const target = `cloud-init:${folder.join('user-data')}`;
    const planned = await folder.run('ca', 'inject', target, '--dry-run');
    expect(planned.stdout).to.equal(`would write ${folder.join('user-data')}\n`);
    expect(await folder.has('user-data')).to.equal(false);
    const told = JSON.parse((await folder.run('ca', 'inject', target, '--json')).stdout) as object;
    expect(told).to.deep.equal({
      target,
      isDryRun: false,
      changes: [{ action: 'write', what: folder.join('user-data') }],
    });
    expect(await folder.read('user-data')).to.include('BEGIN CERTIFICATE');
    expect((await folder.run('ca', 'inject', target)).stdout).to.include('already');
  });

  it('refuses a target that is none, and one before there is a CA', async () => {
    expectRefusal(await folder.run('ca', 'inject', 'rootfs'), 2, ['rootfs', 'dir:FOLDER']);
    const target = `mmds:${folder.join('vm.json')}`;
    expectRefusal(await folder.run('ca', 'inject', target), 1, ['no private CA', 'ca init']);
    expect(await folder.has('vm.json')).to.equal(false);
  });
});
