import { expect } from 'chai';
import { GateFolder } from '../../support/app/gate-folder.ts';

describe('mirrorgate check', () => {
  let folder: GateFolder;

  beforeEach(async () => {
    folder = await GateFolder.create();
  });
  afterEach(() => folder.close());

  it('ends with 0 and says so where there is no problem', async () => {
    const file = folder.configurationFile;
    expect(await folder.run('check')).to.deep.include({
      exitCode: 0,
      stdout: `${file}: no problems\n`,
      stderr: [],
    });
    const { stdout } = await folder.run('check', '--json');
    expect(JSON.parse(stdout)).to.deep.equal({ file, valid: true, problems: [] });
  });

  it('ends with 2 and names every problem of the configuration, in the order of the file', async () => {
    await folder.write(
      'mirrorgate.yaml',
      'cache: {maxSize: big}\nuniversal: {hosts: [a.test]}\nmirrors:\n  - registry: docker.io\n    ports: [0]\n  - nonsense\nx: 1\n',
    );
    const { exitCode, stdout, stderr } = await folder.run('check');
    expect([exitCode, stdout]).to.deep.equal([2, '']);
    const places = ['1:9: cache.maxSize', '5:13: mirrors[0].ports[0]', '6:5: mirrors[1]', '7:1: x'];
    expect(stderr).to.have.length(places.length);
    for (const [index, place] of places.entries()) {
      expect(stderr[index])
        .to.match(/^\/.*; /)
        .and.include(`mirrorgate.yaml:${place}: `);
    }
    const json = await folder.run('check', '--json');
    expect(json).to.deep.include({ exitCode: 2, stderr: [] });
    const { valid, problems } = JSON.parse(json.stdout) as {
      readonly valid: boolean;
      readonly problems: readonly { line: number; key: string; message: string; fix?: string }[];
    };
    expect(valid).to.equal(false);
    expect(problems.map(({ line, key }) => `${line} ${key}`)).to.deep.equal([
      '1 cache.maxSize',
      '5 mirrors[0].ports[0]',
      '6 mirrors[1]',
      '7 x',
    ]);
    expect(problems[3]).to.include.keys('message', 'fix', 'file', 'column');
  });

  it('names every problem of the allow-list', async () => {
    await folder.write(
      'allow-list.yaml',
      'allow:\n  - 1.2.3.4/8\n  - {cidr: 10.0.0.1, mirrors: [x]}\n',
    );
    const { exitCode, stderr } = await folder.run('check');
    expect(exitCode).to.equal(2);
    expect(stderr).to.have.length(2);
    expect(stderr[0]).to.include('allow-list.yaml:2:5: allow[0]: ');
    expect(stderr[1]).to.include('allow-list.yaml:3:').and.include('"x" is no mirror');
  });

  it('makes nothing', async () => {
    await folder.run('check');
    for (const name of ['state', 'certs', 'cache']) {
      expect(await folder.has(name)).to.equal(false);
    }
  });
});
