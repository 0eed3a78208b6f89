import { execSync, spawnSync } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { githubActionsSetup } from '../../../lib/clients/github-actions.ts';
import { clientText } from '../../../lib/clients/tools.ts';
import { actionFolder, actionStep } from '../../support/clients/github-action.ts';
import { testAccess } from '../../support/clients/test-access.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';

const mirrors = 'docker.io=hub.mirror.test\nghcr.io=mirror.test:8443\n';
const daemonFile = 'etc/docker/daemon.json';

describe('the GitHub Action', function () {
  this.timeout(20_000);
  let directory: TemporaryDirectory;
  beforeEach(async () => {
    directory = await TemporaryDirectory.create('action');
  });
  afterEach(() => directory.close());

  function run(
    inputs: Readonly<Record<string, string>>,
    path = '/usr/bin:/bin:/usr/sbin:/sbin',
    folder = actionFolder,
  ) {
    const { script, environment } = actionStep(inputs, folder);
    const outputFile = directory.join('output');
    return spawnSync('/bin/sh', ['-e', '-c', script], {
      encoding: 'utf8',
      env: { PATH: path, ...environment, ROOT: directory.join('root'), GITHUB_OUTPUT: outputFile },
    });
  }
  const read = (path: string): Promise<string> => readFile(directory.join('root', path), 'utf8');
  async function write(path: string, text: string): Promise<void> {
    const file = join(directory.join('root'), path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }

  before(function () {
    // As root, since sudo(8) would be asked for otherwise.
    if (process.getuid?.() === 0) return;
    console.warn('    skipped, this is not root');
    this.skip();
  });

  it('sets docker and BuildKit up, and names the file for setup-buildx-action', async () => {
    const { status, stdout, stderr } = run({ mirrors });
    expect(status, stdout + stderr).to.equal(0);
    expect(JSON.parse(await read(daemonFile))).to.deep.equal({
      'registry-mirrors': ['https://hub.mirror.test'],
    });
    expect(await read('etc/mirrorgate/buildkitd.toml')).to.include(
      '[registry."ghcr.io"]\n  mirrors = ["mirror.test:8443"]',
    );
    expect(await read('etc/docker/certs.d/docker.io/hosts.toml')).to.equal(
      [
        '# made by mirrorgate\nserver = "https://registry-1.docker.io"\n\n',
        '[host."https://hub.mirror.test"]\n  capabilities = ["pull", "resolve"]\n',
        '  dial_timeout = "3s"\n',
      ].join(''),
    );
    const output = await readFile(directory.join('output'), 'utf8');
    expect(output).to.equal('buildkitd-config=/etc/mirrorgate/buildkitd.toml\n');
  });

  it('runs from where the printed command copies it to', async () => {
    const { before } = githubActionsSetup(testAccess());
    const copy = before.find((line) => line.includes('cp --parents')) ?? 'false';
    const [, place = ''] = /uses: \.(\/\S+)/.exec(clientText('github-actions', testAccess())) ?? [];
    execSync(copy.replaceAll('REPOSITORY', directory.path), { cwd: actionFolder });
    const { status, stdout, stderr } = run({ mirrors }, undefined, `${directory.path}${place}`);
    expect(status, stdout + stderr).to.equal(0);
    expect(await read(daemonFile)).to.include('https://hub.mirror.test');
  });

  for (const tool of ['jq', 'python3']) {
    it(`keeps everything that a daemon.json has, by ${tool}, once`, async () => {
      const bin = directory.join('bin');
      await mkdir(bin);
      for (const name of [
        'cat',
        'dirname',
        'grep',
        'head',
        'id',
        'mkdir',
        'mv',
        'sed',
        'sh',
        'sort',
        'tr',
        tool,
      ]) {
        await symlink(`/usr/bin/${name}`, join(bin, name));
      }
      const settings = { debug: true, dns: ['10.0.0.1'], features: { buildkit: true } };
      const theirs = ['https://other.example.com', 'https://hub.mirror.test'];
      await write(daemonFile, JSON.stringify({ ...settings, 'registry-mirrors': theirs }));
      for (let time = 0; time < 2; time += 1) {
        const { status, stdout, stderr } = run({ mirrors }, bin);
        expect(status, stdout + stderr).to.equal(0);
        expect(JSON.parse(await read(daemonFile))).to.deep.equal({
          ...settings,
          'registry-mirrors': ['https://hub.mirror.test', 'https://other.example.com'],
        });
      }
    });
  }

  it('leaves a daemon.json alone that is no JSON, and fails the step', async () => {
    await write(daemonFile, '{ "debug": true, // mine\n}');
    const { status, stdout } = run({ mirrors });
    expect(status).to.equal(1);
    expect(stdout).to.include('::error');
    expect(await read(daemonFile)).to.equal('{ "debug": true, // mine\n}');
  });

  it('leaves a hosts.toml alone that it did not make', async () => {
    const file = 'etc/docker/certs.d/ghcr.io/hosts.toml';
    await write(file, 'server = "https://theirs.test"\n');
    expect(run({ mirrors }).status).to.equal(0);
    expect(await read(file)).to.equal('server = "https://theirs.test"\n');
  });

  it('touches no daemon.json where docker.io has no mirror', async () => {
    await write(daemonFile, '{}');
    expect(run({ mirrors: 'ghcr.io=mirror.test' }).status).to.equal(0);
    expect(await read(daemonFile)).to.equal('{}');
  });

  for (const wrong of [
    '',
    'docker.io',
    'docker.io=',
    '=x',
    'docker.io=a;b',
    'docker.io="x"',
    'a=$(id)',
  ]) {
    it(`refuses the mirrors ${JSON.stringify(wrong)}`, () => {
      const { status, stdout } = run({ mirrors: wrong });
      expect(status).to.equal(1);
      expect(stdout).to.include('::error');
    });
  }

  it('installs no CA without a fingerprint', () => {
    const { status, stdout } = run({ mirrors, url: 'http://mirror.test' });
    expect(status).to.equal(1);
    expect(stdout).to.include('fingerprint');
  });
});
