/** The private CA's commands where no gate runs: they work on the files. */
import { stat } from 'node:fs/promises';
import { expect } from 'chai';
import { GateFolder } from '../../support/app/gate-folder.ts';
import { expectRefusal } from '../../support/app/program.ts';
import { runCommand } from '../../support/lab/command.ts';
import { machine } from '../../support/lab/place.ts';

describe('mirrorgate ca without a gate', function () {
  this.timeout(60_000);
  let folder: GateFolder;

  beforeEach(async () => {
    folder = await GateFolder.create();
    expect((await folder.run('ca', 'init')).exitCode).to.equal(0);
  });
  afterEach(() => folder.close());

  it('issues what openssl verifies, with a key for this user alone, and issues it again', async () => {
    const issue = () => folder.run('ca', 'issue', 'hub.example.test', '--out', folder.join('out'));
    for (let turn = 0; turn < 2; turn += 1) expect((await issue()).exitCode).to.equal(0);
    const [chain, key] = ['hub.example.test.pem', 'hub.example.test.key.pem'].map((name) =>
      folder.join('out', name),
    );
    expect((await stat(key ?? '')).mode & 0o777).to.equal(0o600);
    await runCommand(machine, [
      ...['openssl', 'verify', '-x509_strict', '-purpose', 'sslserver'],
      ...['-CAfile', folder.join('certs', 'trust', 'bundle.pem'), chain ?? ''],
    ]);
  });

  it('leaves files of somebody else alone, and signs for no name outside', async () => {
    await folder.write('hub.example.test.key.pem', 'not ours');
    expectRefusal(await folder.run('ca', 'issue', 'hub.example.test', '--out', folder.path), 1, [
      'hub.example.test.key.pem',
      '--out',
    ]);
    expect(await folder.read('hub.example.test.key.pem')).to.equal('not ours');
    expectRefusal(await folder.run('ca', 'issue', 'docker.io', '--out', folder.path), 1, [
      'docker.io',
      'hub.example.test',
    ]);
  });

  it('begins a rotation, tells its steps, and begins no second one', async () => {
    expect((await folder.run('ca', 'rotate')).exitCode).to.equal(0);
    const { stdout } = await folder.run('ca', 'status');
    for (const text of ['active', 'next', 'prepare', 'switch', 'retire', 'waits:']) {
      expect(stdout).to.contain(text);
    }
    expectRefusal(await folder.run('ca', 'rotate'), 1, ['goes on already', 'ca status']);
  });

  it('seals the keys, and signs only with the passphrase then', async () => {
    await folder.write('passphrase', 'correct horse battery\n');
    const file = folder.join('passphrase');
    expect((await folder.run('ca', 'passphrase', '--file', file)).exitCode).to.equal(0);
    expect(await folder.read('certs/ca/authority.json')).to.not.contain('PRIVATE');
    expect(await folder.read('certs/ca/authority.previous.json')).to.not.contain('PRIVATE');
    const issue = () => folder.run('ca', 'issue', 'hub.example.test', '--out', folder.join('out'));
    expectRefusal(await issue(), 1, ['under a passphrase']);
    const privateCa = { passphrase: { file: 'passphrase' } };
    await folder.configure({ certificates: { directory: 'certs', privateCa } });
    expect((await issue()).exitCode).to.equal(0);
  });
});
