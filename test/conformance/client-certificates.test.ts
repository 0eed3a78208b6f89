/** Clients that are on no listed address, and show a certificate as their own configuration has it. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { mirrorgate } from '../support/app/program.ts';
import { failureOf } from '../support/lab/command.ts';
import { Containerd } from '../support/lab/containerd.ts';
import { requireParts } from '../support/lab/lab-availability.ts';
import { OpenParts } from '../support/lab/open-parts.ts';
import { Podman } from '../support/lab/podman.ts';
import { useMirrorLocations } from '../support/lab/registries-conf.ts';
import { hubHost, Scene } from '../support/lab/scene.ts';
import { TemporaryDirectory } from '../support/lab/temporary-directory.ts';
import { until } from '../support/until.ts';

describe('client certificates behind the gate', function () {
  this.timeout(60_000);
  const parts = new OpenParts();
  let scene: Scene;
  let directory: TemporaryDirectory;

  before(async function () {
    await requireParts(this, 'namespaces', 'docker-registry', 'skopeo', 'gate');
    scene = await parts.add(Scene.start());
    directory = await parts.add(TemporaryDirectory.create('client'));
    const image = await scene.layout.addBusybox('plain', 'plain');
    for (const tag of ['1', '2']) {
      await scene.publish({ upstream: 'hub', name: `library/plain:${tag}`, image });
    }
    const { gate } = scene;
    await gate.configure({ settings: { clientCertificates: { ca: 'private-ca' } } });
    expect((await gate.reload()).event).to.equal('configuration reloaded');
    const issued = await mirrorgate(
      ...['ca', 'issue-client', 'vm-1', '--out', directory.path],
      ...['--config', gate.configurationFile],
    );
    expect(issued.exitCode).to.equal(0);
    await gate.allowCertificates(['vm-1']);
    await until('the list in force', async () => {
      const answer = scene.curl(`https://${hubHost}/v2/`);
      return await answer.then(
        () => false,
        () => true,
      );
    });
  });
  after(() => parts.close());

  it('let containerd in by hosts.toml, and nobody without', async function () {
    await requireParts(this, 'containerd');
    for (const [name, client] of [
      ['without', ''],
      ['with', `client = [["${directory.join('vm-1.cert')}", "${directory.join('vm-1.key')}"]]\n`],
    ] as const) {
      const folder = directory.join(name, 'docker.io');
      await mkdir(folder, { recursive: true });
      const host = `[host."https://${hubHost}"]\ncapabilities = ["pull", "resolve"]\nca = "${scene.caFile}"\n`;
      await writeFile(`${folder}/hosts.toml`, `server = "https://${hubHost}"\n${host}${client}`);
    }
    const reference = 'docker.io/library/plain:1';
    const stranger = await parts.add(Containerd.start(scene.vm, directory.join('without')));
    await failureOf(stranger.pull(reference));
    const known = await parts.add(Containerd.start(scene.vm, directory.join('with')));
    expect(await known.pull(reference)).to.match(/^sha256:/);
  });

  it('let podman in by a folder of certs.d', async function () {
    await requireParts(this, 'podman');
    await useMirrorLocations(scene.vm, { 'docker.io': hubHost });
    const podman = await parts.add(Podman.start(scene.vm));
    const reference = 'docker.io/library/plain:2';
    await failureOf(podman.pull(reference));
    for (const end of ['cert', 'key']) {
      const text = await readFile(directory.join(`vm-1.${end}`), 'utf8');
      await scene.vm.write(`/etc/containers/certs.d/${hubHost}/client.${end}`, text);
    }
    expect(await podman.pull(reference)).to.match(/^sha256:/);
    const [line] = scene.gate.log().filter(({ event, status, reference: tag }) => {
      return event === 'access' && status === 200 && tag === '2';
    });
    expect(line).to.include({ label: 'vm-1' });
  });
});
