import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { bundlePem } from '../../../lib/ca/bundle.ts';
import { gateProgram } from '../../support/lab/gate.ts';
import { GateFolder } from '../../support/app/gate-folder.ts';
import { expectRefusal, runProgram } from '../../support/app/program.ts';
import { Rotation } from '../../support/clients/rotation.ts';
import { testAccess } from '../../support/clients/test-access.ts';
import { remoteScript } from '../../../lib/injection/ssh-host.ts';
import { machine } from '../../support/lab/place.ts';
import { spawnSync } from 'node:child_process';

describe('ca inject ssh:', function () {
  this.timeout(20_000);
  let folder: GateFolder;
  beforeEach(async () => {
    folder = await GateFolder.create();
    await folder.run('ca', 'init');
    await mkdir(folder.join('root/usr/share/ca-certificates'), { recursive: true });
    await mkdir(folder.join('bin'));
  });
  afterEach(() => folder.close());

  /** A stand-in for ssh(1) that notes its arguments and runs what it is sent in a folder. */
  async function ssh(body: string): Promise<void> {
    const text = `#!/bin/sh\nprintf '%s\\n' "$@" > ${folder.join('arguments')}\n${body}\n`;
    await writeFile(folder.join('bin/ssh'), text);
    await chmod(folder.join('bin/ssh'), 0o755);
  }
  const injectHost = (host: string, ...options: string[]) =>
    runProgram([
      ...['env', `PATH=${folder.join('bin')}:${machine.environment['PATH'] ?? ''}`],
      ...[process.execPath, gateProgram, 'ca', 'inject', `ssh:${host}`, ...options],
      ...['--config', folder.configurationFile],
    ]);

  it('runs install.sh there on the bundle that it brings, and tells what that did', async () => {
    await ssh(`ROOT=${folder.join('root')} exec sh -s`);
    const { exitCode, stdout, errors } = await injectHost('root@vm.example.test:2222');
    expect(exitCode, errors.join('\n')).to.equal(0);
    expect(stdout).to.include('write /etc/mirrorgate/ca-bundle.pem');
    const installed = await folder.read('root/etc/mirrorgate/ca-bundle.pem');
    expect(installed).to.equal(await folder.read('certs/trust/bundle.pem'));
    const sent = (await readFile(folder.join('arguments'), 'utf8')).split('\n');
    expect(sent).to.include.members(['BatchMode=yes', '-p', '2222', '--', 'root@vm.example.test']);
    expect((await injectHost('root@vm.example.test')).stdout).to.include('already');
  });

  it('only says what it would do in a dry run', async () => {
    await ssh('exit 1');
    const { exitCode, stdout } = await injectHost('vm.example.test', '--dry-run');
    expect([exitCode, stdout]).to.deep.equal([0, 'would run install.sh on vm.example.test\n']);
  });

  it('tells in one line what the other side said', async () => {
    await ssh('echo "root@vm: Permission denied (publickey)." >&2; exit 255');
    expectRefusal(await injectHost('root@vm'), 1, [
      'ssh:root@vm',
      'Permission denied',
      'ssh root@vm true',
    ]);
  });

  it('sends a script that brings a machine to the end of a rotation', async () => {
    const rotation = new Rotation();
    for (const stage of ['before', 'overlap', 'after'] as const) {
      const { status, stderr } = spawnSync('sh', ['-s'], {
        input: remoteScript({ bundle: rotation[stage], access: testAccess() }),
        env: { ...machine.environment, ROOT: folder.join('root') },
        encoding: 'utf8',
      });
      expect(status, stderr).to.equal(0);
      expect(await folder.read('root/etc/mirrorgate/ca-bundle.pem')).to.equal(
        bundlePem(rotation[stage]),
      );
    }
  });
});
