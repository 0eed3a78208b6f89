import { expect } from 'chai';
import { GateFolder } from '../../support/app/gate-folder.ts';
import { expectRefusal } from '../../support/app/program.ts';

describe('mirrorgate client', () => {
  let folder: GateFolder;
  beforeEach(async () => {
    folder = await GateFolder.create();
  });
  afterEach(() => folder.close());

  it('prints what a tool needs, with the fingerprint of the CA that there is', async () => {
    const fingerprint = (await folder.run('ca', 'init')).stdout.trim();
    const { exitCode, stdout } = await folder.run('client', 'podman');
    expect(exitCode).to.equal(0);
    expect(stdout).to.include(`sh install.sh ${fingerprint}`);
    expect(stdout).to.include(`location = "hub.example.test:${folder.ports.https}"`);
  });

  it('prints the same as JSON, for programs', async () => {
    await folder.run('ca', 'init');
    const { stdout } = await folder.run('client', 'containerd', '--mirror', 'hub', '--json');
    expect(JSON.parse(stdout)).to.deep.include({ tool: 'containerd' });
    const { files } = JSON.parse(stdout) as { readonly files: readonly object[] };
    expect(files[0]).to.have.property('path', '/etc/containerd/certs.d/docker.io/hosts.toml');
  });

  it('says what is missing: the CA, the mirror, the service', async () => {
    expectRefusal(await folder.run('client', 'docker'), 1, ['no private CA', 'ca init']);
    await folder.run('ca', 'init');
    const unknown = await folder.run('client', 'docker', '--mirror', 'nope');
    expectRefusal(unknown, 2, ['no mirror is called "nope"', 'there are: hub']);
    expectRefusal(await folder.run('client', 'npm'), 1, ['no service "npm"', 'services:']);
  });

  it('refuses a tool that it does not know, and names those that it does', async () => {
    expectRefusal(await folder.run('client', 'crio'), 2, ['crio', 'containerd, podman']);
  });
});
