/** A gate whose CA keys lie under a passphrase, from each place that it may come from. */
import { expect } from 'chai';
import { ask } from '../../support/app/gate-client.ts';
import { GateFolder, readyLine } from '../../support/app/gate-folder.ts';
import { expectRefusal } from '../../support/app/program.ts';
import { supervisorBelow, withEnvironment } from '../../support/app/process-table.ts';

const passphrase = 'correct horse battery';

describe('a gate with sealed CA keys', function () {
  this.timeout(60_000);
  let folder: GateFolder;

  beforeEach(async () => {
    folder = await GateFolder.create();
    await folder.makeFolder('credentials');
    await folder.write('credentials/ca', `${passphrase}\n`);
    await passphraseFrom({ file: 'credentials/ca' });
    expect((await folder.run('ca', 'init')).exitCode).to.equal(0);
    expect(await folder.read('certs/ca/authority.json')).to.not.contain('PRIVATE');
  });
  afterEach(() => folder.close());

  const passphraseFrom = (place: Readonly<Record<string, string | number>>): Promise<void> =>
    folder.configure({ certificates: { directory: 'certs', privateCa: { passphrase: place } } });

  /** Starts it by `runtime` and has it sign: its certificate is verified by the root of before. */
  async function expectSigning(...runtime: readonly string[]): Promise<void> {
    const ca = await folder.read('certs/trust/bundle.pem');
    const gate = folder.serve({ runtime: [...runtime, process.execPath] });
    await readyLine(gate);
    const target = { port: folder.ports.https, host: 'mirror.example.test', ca };
    expect((await ask(target, '/v2/')).status).to.equal(200);
    expect(await folder.read('certs/trust/bundle.pem')).to.equal(ca);
    expect([...gate.stdout, ...gate.stderr].join('\n')).to.not.contain(passphrase);
  }

  it('signs by a passphrase from the environment, which its children do not inherit', async () => {
    await passphraseFrom({ env: 'MIRRORGATE_CA' });
    const variable = `MIRRORGATE_CA=${passphrase}`;
    await expectSigning('env', variable);
    // The kernel shows a process the environment that it began with.
    expect(await withEnvironment(variable)).to.deep.equal([await supervisorBelow(process.pid)]);
  });

  it('signs by a passphrase from a systemd credential', async () => {
    await passphraseFrom({ credential: 'ca' });
    await expectSigning('env', `CREDENTIALS_DIRECTORY=${folder.join('credentials')}`);
  });

  it('signs by a passphrase from a file descriptor', async () => {
    await passphraseFrom({ fd: 7 });
    const file = folder.join('credentials', 'ca');
    await expectSigning('sh', '-c', 'file=$1; shift; exec "$@" 7<"$file"', 'sh', file);
  });

  it('does not start where the passphrase is absent or another', async () => {
    for (const [place, texts] of [
      [{ env: 'MIRRORGATE_CA' }, ['environment variable MIRRORGATE_CA']],
      [{ credential: 'ca' }, ['CREDENTIALS_DIRECTORY']],
      [{ fd: 7 }, ['file descriptor 7']],
    ] as const) {
      await passphraseFrom(place);
      expectRefusal(await folder.serveInVain(), 1, texts);
    }
    await folder.write('credentials/ca', 'incorrect horse battery\n');
    await passphraseFrom({ file: 'credentials/ca' });
    expectRefusal(await folder.serveInVain(), 1, ['passphrase']);
    await folder.configure({});
    expectRefusal(await folder.serveInVain(), 1, ['under a passphrase']);
  });
});
