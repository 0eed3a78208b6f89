/** Certificates as operators make them, shown by the clients that people have. */
import { mkdir, writeFile, copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { mirrorgate } from '../../support/app/program.ts';
import { Stage, universalHost } from '../../support/app/stage.ts';
import { runCommand } from '../../support/lab/command.ts';
import { requireParts } from '../../support/lab/lab-availability.ts';
import { machine } from '../../support/lab/place.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { until } from '../../support/until.ts';

describe('a client certificate of the private CA', function () {
  this.timeout(60_000);
  let stage: Stage;
  let directory: TemporaryDirectory;

  const run = (...words: readonly string[]) =>
    mirrorgate(...words, '--config', stage.gate.configurationFile);
  const curl = async (...options: readonly string[]): Promise<string> => {
    const at = `${universalHost}:${stage.gate.httpsPort}`;
    const command = [
      ...['curl', '--silent', '--cacert', directory.join('ca.crt'), ...options],
      ...['--resolve', `${at}:127.0.0.1`, '--write-out', '%{http_code}', '--output', '/dev/null'],
      `https://${at}/v2/`,
    ];
    return await runCommand(machine, command).then(
      ({ stdout }) => stdout,
      () => 'no answer',
    );
  };
  const shown = (): readonly string[] => [
    ...['--cert', directory.join('vm-1.cert'), '--key', directory.join('vm-1.key')],
  ];
  beforeEach(async function () {
    await requireParts(this, 'gate');
    directory = await TemporaryDirectory.create('client-certificates');
    stage = await Stage.start({
      universalHosts: [universalHost, '127.0.0.1'],
      settings: {
        certificates: {
          directory: 'certs',
          privateCa: { permitted: ['example.test', '127.0.0.0/8'] },
        },
        clientCertificates: { ca: 'private-ca' },
      },
    });
    await writeFile(directory.join('ca.crt'), stage.ca);
    const issued = await run('ca', 'issue-client', 'vm-1', '--out', directory.path);
    expect(issued).to.include({ exitCode: 0 });
    await stage.gate.allowCertificates(['vm-1']);
    await until('the list in force', async () => (await curl()) === 'no answer');
  });
  afterEach(async () => {
    await stage.close();
    await directory.close();
  });

  it('lets curl in until it is taken off the list, and shows in allow list', async () => {
    expect(await curl(...shown())).to.equal('200');
    expect(await curl()).to.equal('no answer');
    const { stdout } = await run('allow', 'list');
    expect(stdout).to.match(/certificate vm-1 /);
    await stage.gate.allowCertificates(['vm-2']);
    await until('its end', async () => (await curl(...shown())) === 'no answer');
  });

  it('holds through a rotation of the CA that goes on', async () => {
    expect((await run('ca', 'rotate')).exitCode).to.equal(0);
    expect(await curl(...shown())).to.equal('200');
    const status = JSON.parse((await run('ca', 'status', '--json')).stdout) as {
      readonly roots: readonly unknown[];
    };
    expect(status.roots).to.have.length(2);
  });

  it('lets skopeo in from a folder of certs.d', async function () {
    await requireParts(this, 'skopeo');
    const folder = directory.join('certs.d');
    await mkdir(folder);
    await copyFile(directory.join('ca.crt'), join(folder, 'ca.crt'));
    for (const end of ['cert', 'key']) {
      await copyFile(directory.join(`vm-1.${end}`), join(folder, `client.${end}`));
    }
    stage.registry.addManifest({
      repository: 'acme/app',
      tag: '1',
      mediaType: 'application/vnd.oci.image.index.v1+json',
      body: '{"schemaVersion":2,"manifests":[]}',
    });
    const name = `docker://127.0.0.1:${stage.gate.httpsPort}/registry.test/acme/app:1`;
    const inspect = ['skopeo', 'inspect', '--raw', '--cert-dir', folder, name];
    const { stdout } = await runCommand(machine, inspect);
    expect(stdout).to.contain('"manifests":[]');
    await rm(join(folder, 'client.key'));
    await rm(join(folder, 'client.cert'));
    const failure = await runCommand(machine, inspect).then(
      () => 'an answer',
      () => 'none',
    );
    expect(failure).to.equal('none');
  });
});
