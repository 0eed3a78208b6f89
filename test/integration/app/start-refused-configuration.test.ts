import { expect } from 'chai';
import { GateFolder } from '../../support/app/gate-folder.ts';
import { expectRefusal, mirrorgate } from '../../support/app/program.ts';

describe('a start is refused with exit code 2 and a line for each problem', () => {
  let folder: GateFolder;

  beforeEach(async () => {
    folder = await GateFolder.create();
  });
  afterEach(() => folder.close());

  it('where the configuration is missing', async () => {
    const missing = folder.join('none.yaml');
    const outcome = await mirrorgate('serve', '--config', missing);
    expectRefusal(outcome, 2, [missing, 'no such file', '--config']);
  });

  it('where it cannot be read', async () => {
    const outcome = await mirrorgate('serve', '--config', folder.path);
    expectRefusal(outcome, 2, [folder.path, 'cannot be read']);
  });

  it('where it is no YAML', async () => {
    await folder.write('mirrorgate.yaml', 'mirrors: [docker.io\n');
    expectRefusal(await folder.serveInVain(), 2, [`${folder.configurationFile}:2:1:`]);
  });

  it('where it has unknown keys and values out of range', async () => {
    await folder.write(
      'mirrorgate.yaml',
      [
        'miror: ghcr.io',
        'processes: {edges: 0}',
        'mirrors: [docker.io]',
        'universal: {hosts: [a.test]}',
      ].join('\n'),
    );
    const { configurationFile: file } = folder;
    expectRefusal(
      await folder.serveInVain(),
      2,
      [`${file}:1:1: miror: `, 'unknown key'],
      [`${file}:2:13: processes.edges: `],
    );
  });

  it('where the allow-list is missing', async () => {
    await folder.configure({ allowList: 'other.yaml' });
    expectRefusal(await folder.serveInVain(), 2, [folder.join('other.yaml'), 'no such file']);
  });

  it('where the allow-list has mistakes', async () => {
    await folder.write('allow-list.yaml', 'allow:\n  - 10.0.0.1/8\n  - example.test\n');
    const file = folder.join('allow-list.yaml');
    expectRefusal(
      await folder.serveInVain(),
      2,
      [`${file}:2:5: `, '10.0.0.0/8'],
      [`${file}:3:5: `, 'example.test'],
    );
  });

  describe('where a mirror has credentials', () => {
    const credentials = { username: 'acme', password: { env: 'PATH' } };
    const mirror = { registry: 'docker.io', credentials };

    it('and nothing says which repositories they are for', async () => {
      await folder.configure({ mirrors: [mirror] });
      expectRefusal(await folder.serveInVain(), 2, ['mirrors[0].credentials', 'repositories']);
    });

    it('and nobody is allowed to pull', async () => {
      await folder.configure({ mirrors: [{ ...mirror, repositories: ['acme/*'] }] });
      await folder.write('allow-list.yaml', 'allow: []\n');
      const facts = [folder.join('allow-list.yaml'), 'allow: is empty', 'hub', 'allow add'];
      expectRefusal(await folder.serveInVain(), 2, facts);
      const { exitCode, errors } = await folder.run('check');
      expect([exitCode, errors.length]).to.deep.equal([2, 1]);
      for (const fact of facts) expect(errors[0]).to.include(fact);
    });
  });

  it('where a host lies outside the names that the CA is to be made for', async () => {
    await folder.configure({
      certificates: { directory: 'certs', privateCa: { permitted: ['example.test'] } },
      universal: { hosts: ['mirror.example.test', 'mirror.other.test'] },
    });
    expectRefusal(await folder.serveInVain(), 2, ['universal.hosts[1]', 'mirror.other.test']);
  });
});
