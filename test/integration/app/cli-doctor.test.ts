import { chmod } from 'node:fs/promises';
import { expect } from 'chai';
import type { DoctorFinding } from '../../../lib/app/doctor/finding.ts';
import { GateFolder } from '../../support/app/gate-folder.ts';
import { mirrorgate } from '../../support/app/program.ts';
import { hubHost, Stage } from '../../support/app/stage.ts';

interface Told {
  readonly isRunning: boolean;
  readonly findings: readonly DoctorFinding[];
}

function stateOf({ findings }: Told, check: string, subject: string): string | undefined {
  return findings.find((found) => found.check === check && found.subject.includes(subject))?.state;
}

describe('mirrorgate doctor', () => {
  it('finds a running gate in order, but for a name that leads nowhere', async () => {
    const stage = await Stage.start();
    try {
      const config = ['--config', stage.gate.configurationFile];
      const told = JSON.parse((await mirrorgate('doctor', '--json', ...config)).stdout) as Told;
      expect(told.isRunning).to.equal(true);
      expect(stateOf(told, 'port', `${stage.gate.httpsPort}`)).to.equal('ok');
      expect(stateOf(told, 'directory', 'state.directory')).to.equal('ok');
      expect(stateOf(told, 'upstream', 'hub')).to.equal('ok');
      expect(stateOf(told, 'clock', '')).to.equal('ok');
      expect(stateOf(told, 'certificate', 'hub')).to.equal('ok');
      expect(stateOf(told, 'dns', hubHost)).to.equal('failed');
    } finally {
      await stage.close();
    }
  });

  it('finds what would fail before anything is started, and says what to do', async () => {
    const folder = await GateFolder.create();
    try {
      await folder.makeFolder('state');
      await chmod(folder.join('state'), 0o755);
      await folder.write('allow-list.yaml', 'allow: []\n');
      await folder.configure({
        mirrors: [
          {
            name: 'gone',
            registry: 'gone.test',
            upstream: `http://127.0.0.1:${folder.ports.own}`,
            allowPrivateUpstream: true,
            hosts: ['gone.localhost'],
          },
        ],
        universal: undefined,
      });
      const { exitCode, stdout } = await folder.run('doctor', '--json');
      expect(exitCode).to.equal(1);
      const told = JSON.parse(stdout) as Told;
      expect(told.isRunning).to.equal(false);
      expect(stateOf(told, 'port', `${folder.ports.https}`)).to.equal('ok');
      expect(stateOf(told, 'directory', 'state.directory')).to.equal('failed');
      expect(stateOf(told, 'allow-list', 'allow-list.yaml')).to.equal('warning');
      expect(stateOf(told, 'upstream', 'gone')).to.equal('failed');
      const text = (await folder.run('doctor')).stdout;
      expect(text).to.match(/^✗ directory +state\.directory .*has mode 755; chmod 700 /m);
    } finally {
      await folder.close();
    }
  });
});
