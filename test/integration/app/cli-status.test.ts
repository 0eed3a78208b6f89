import { expect } from 'chai';
import { ask } from '../../support/app/gate-client.ts';
import { GateFolder } from '../../support/app/gate-folder.ts';
import { mirrorgate } from '../../support/app/program.ts';
import { hubHost, Stage } from '../../support/app/stage.ts';

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

  it('says in one line that none runs', async () => {
    const folder = await GateFolder.create();
    const { exitCode, stderr } = await folder.run('status');
    expect(exitCode).to.equal(1);
    expect(stderr).to.have.length(1);
    expect(stderr[0]).to.match(/^mirrorgate: no gate runs on the state directory .*; start it: /);
    await folder.close();
  });
});
