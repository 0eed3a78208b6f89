import { expect } from 'chai';
import { ask } from '../../support/app/gate-client.ts';
import { GateFolder, readyLine } from '../../support/app/gate-folder.ts';
import { mirrorgate } from '../../support/app/program.ts';
import { hubHost, Stage } from '../../support/app/stage.ts';
import { runCommand } from '../../support/lab/command.ts';
import { gateProgram } from '../../support/lab/gate.ts';
import { machine } from '../../support/lab/place.ts';
import { dayMs, testCertifiedKey, testRoot } from '../../support/test-certificates.ts';

describe('mirrorgate status', () => {
  it('shows mirrors, certificates and cache of the running gate', async () => {
    const stage = await Stage.start();
    try {
      const blob = stage.addBlob(300_000);
      expect((await ask(stage.target(), blob.path)).status).to.equal(200);
      const config = ['--config', stage.gate.configurationFile];
      const { exitCode, stdout } = await mirrorgate('status', '--json', ...config);
      expect(exitCode).to.equal(0);
      const status = JSON.parse(stdout) as {
        readonly mirrors: readonly { readonly upstreams: readonly object[] }[];
        readonly certificates: readonly { readonly site: string }[];
        readonly cache: { readonly usedBytes: number };
      };
      expect(status).to.include({ isReady: true });
      expect(status.mirrors[0]).to.deep.include({ name: 'hub', hosts: [hubHost] });
      expect(status.mirrors[0]?.upstreams[0]).to.include({ breaker: 'closed' });
      expect(status.certificates.map(({ site }) => site)).to.include('hub');
      expect(status.cache.usedBytes).to.be.at.least(300_000);
      const text = (await mirrorgate('status', ...config)).stdout;
      expect(text).to.match(/^MIRROR +REGISTRY +HOSTS +UPSTREAMS\nhub +registry\.test +hub/);
    } finally {
      await stage.close();
    }
  });

  it('shows the quota of the upstream, and what it is counted for', async () => {
    const stage = await Stage.start();
    try {
      const headers = {
        'ratelimit-limit': '100;w=21600',
        'ratelimit-remaining': '93;w=21600',
        'docker-ratelimit-source': '192.0.2.7',
      };
      stage.registry.setFault('blob', { kind: 'headers', headers });
      await ask(stage.target(), stage.addBlob(1000).path);
      const { stdout } = await mirrorgate('status', '--config', stage.gate.configurationFile);
      expect(stdout).to.include('93 of 100 pulls left in 6 h counted for 192.0.2.7');
    } finally {
      await stage.close();
    }
  });

  it('warns of a certificate with less than a fifth of its life left, in red at a terminal', async () => {
    const root = testRoot({ now: new Date(Date.now() - 10 * dayMs) });
    const folder = await GateFolder.create();
    try {
      const warning = 'WARNING: less than a fifth of its life is left';
      for (const [name, ageDays] of [
        ['hub', 9],
        ['mirror', 7],
      ] as const) {
        const { chainPem, privateKeyPem } = testCertifiedKey([`${name}.example.test`], {
          ...{ root, lifetimeMs: 10 * dayMs, now: new Date(Date.now() - ageDays * dayMs) },
        });
        await folder.write(`${name}.crt`, chainPem);
        await folder.write(`${name}.key`, privateKeyPem);
      }
      const files = ['hub', 'mirror'].map((name) => ({
        certificate: folder.join(`${name}.crt`),
        key: folder.join(`${name}.key`),
      }));
      await folder.configure({ certificates: { directory: 'certs', issuer: 'files', files } });
      await readyLine(folder.serve());
      const status = async (environment: Readonly<Record<string, string>>, isTerminal: boolean) => {
        const command = [
          ...[process.execPath, gateProgram, 'status'],
          ...['--config', folder.configurationFile],
        ];
        const shown = isTerminal ? ['script', '-qec', command.join(' '), '/dev/null'] : command;
        const options = { deadlineMs: 15_000, environment };
        return (await runCommand(machine, shown, options)).stdout;
      };
      const terminal = { TERM: 'xterm' };
      const plain = await status({}, false);
      expect(plain.split(warning)).to.have.length(2);
      expect(plain).to.match(new RegExp(`^hub +files +\\S+ +${warning}$`, 'm'));
      const red = `\u001b[31m${warning}\u001b[39m`;
      expect(plain).not.to.include('\u001b');
      expect(await status(terminal, true)).to.include(red);
      expect(await status({ FORCE_COLOR: '1' }, false)).to.include(red);
      expect(await status({ ...terminal, NO_COLOR: '1' }, true)).not.to.include('\u001b[');
    } finally {
      await folder.close();
    }
  });

  it('says in one line that none runs', async () => {
    const folder = await GateFolder.create();
    const { exitCode, stderr } = await folder.run('status');
    expect(exitCode).to.equal(1);
    expect(stderr).to.have.length(1);
    expect(stderr[0]).to.match(/^mirrorgate: no gate runs on the state directory .*; start it: /);
    await folder.close();
  });
});
