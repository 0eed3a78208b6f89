/**
 * Two registries at once, which hold different images of one name: whatever way a client names the
 * registry, it gets the right one.
 */
import { expect } from 'chai';
import type { Digest } from '../../lib/oci/digest.ts';
import { Containerd } from '../support/lab/containerd.ts';
import { Dockerd } from '../support/lab/dockerd.ts';
import { LabAvailability, type LabPart } from '../support/lab/lab-availability.ts';
import { OpenParts } from '../support/lab/open-parts.ts';
import { Podman } from '../support/lab/podman.ts';
import { useMirrorLocations } from '../support/lab/registries-conf.ts';
import {
  gateAddress,
  ghcrHost,
  ghcrPort,
  hubHost,
  hubPort,
  Scene,
  universalHost,
} from '../support/lab/scene.ts';
import { Skopeo } from '../support/lab/skopeo.ts';

const hubImage = 'docker.io/acme/app:1';
const ghcrImage = 'ghcr.io/acme/app:1';
const hubAtPort = `${gateAddress}:${hubPort}`;
const ghcrAtPort = `${gateAddress}:${ghcrPort}`;

describe('two registries behind one gate', function () {
  this.timeout(60_000);
  const parts = new OpenParts();
  const clients = new OpenParts();
  let lab: LabAvailability;
  let scene: Scene;
  let expected: readonly Digest[];

  const pullBoth = async (client: { pull(reference: string): Promise<Digest> }) => {
    return [await client.pull(hubImage), await client.pull(ghcrImage)];
  };

  before(async function () {
    const needed: LabPart[] = ['namespaces', 'docker-registry', 'skopeo', 'gate'];
    lab = await LabAvailability.survey(...needed, 'containerd', 'podman', 'dockerd');
    lab.require(this, ...needed);
    scene = await parts.add(Scene.start());
    const hub = await scene.layout.addBusybox('hub', 'hub');
    const ghcr = await scene.layout.addBusybox('ghcr', 'ghcr');
    await scene.publish({ upstream: 'hub', name: 'acme/app:1', image: hub });
    await scene.publish({ upstream: 'ghcr', name: 'acme/app:1', image: ghcr });
    expected = [hub.digest, ghcr.digest];
  });

  afterEach(async () => {
    await clients.close();
  });

  after(async () => {
    await parts.close();
  });

  describe('on the universal host', () => {
    it('are told apart by the ns that containerd sends', async function () {
      lab.require(this, 'containerd');
      const containerd = await clients.add(Containerd.start(scene.vm));
      const mirrors = [{ url: `https://${universalHost}`, caFile: scene.caFile }];
      await containerd.useHosts('_default', { mirrors });

      expect(await pullBoth(containerd)).to.deep.equal(expected);
    });

    it('are told apart by the path prefix that podman is configured with', async function () {
      lab.require(this, 'podman');
      await useMirrorLocations(scene.vm, {
        'docker.io': `${universalHost}/docker.io`,
        'ghcr.io': `${universalHost}/ghcr.io`,
      });
      const podman = await clients.add(Podman.start(scene.vm));

      expect(await pullBoth(podman)).to.deep.equal(expected);
    });

    it('are told apart where containerd sends both ns and path prefix', async function () {
      lab.require(this, 'containerd');
      const containerd = await clients.add(Containerd.start(scene.vm));
      for (const registry of ['docker.io', 'ghcr.io']) {
        const url = `https://${universalHost}/v2/${registry}`;
        const mirrors = [{ url, caFile: scene.caFile, overridePath: true }];
        await containerd.useHosts(registry, { mirrors });
      }

      expect(await pullBoth(containerd)).to.deep.equal(expected);
    });

    it('are docker.io for a client that names neither, as dockerd does', async function () {
      lab.require(this, 'dockerd');
      const registryMirrors = [`https://${universalHost}`];
      const dockerd = await clients.add(Dockerd.start({ place: scene.vm, registryMirrors }));

      expect(await dockerd.pull(hubImage)).to.equal(expected[0]);
    });
  });

  describe('on hosts of their own', () => {
    it('are told apart by skopeo', async () => {
      await useMirrorLocations(scene.vm, { 'docker.io': hubHost, 'ghcr.io': ghcrHost });
      const skopeo = await clients.add(Skopeo.start(scene.vm));

      const copies = [await skopeo.copy(hubImage), await skopeo.copy(ghcrImage)];

      expect(copies.map(({ digest }) => digest)).to.deep.equal(expected);
    });

    it('are both bases of one docker build', async function () {
      lab.require(this, 'dockerd');
      const registryMirrors = [`https://${hubHost}`];
      const dockerd = await clients.add(Dockerd.start({ place: scene.vm, registryMirrors }));

      const markers = await buildFromBoth(dockerd, ghcrHost);

      expect(markers).to.equal('hub and ghcr');
    });
  });

  describe('on ports of their own at one address, where clients send no server name', () => {
    it('are told apart by podman', async function () {
      lab.require(this, 'podman');
      await useMirrorLocations(scene.vm, { 'docker.io': hubAtPort, 'ghcr.io': ghcrAtPort });
      const podman = await clients.add(Podman.start(scene.vm));

      expect(await pullBoth(podman)).to.deep.equal(expected);
    });

    it('are told apart by containerd', async function () {
      lab.require(this, 'containerd');
      const containerd = await clients.add(Containerd.start(scene.vm));
      for (const [registry, host] of Object.entries({
        'docker.io': hubAtPort,
        'ghcr.io': ghcrAtPort,
      })) {
        const mirrors = [{ url: `https://${host}`, caFile: scene.caFile }];
        await containerd.useHosts(registry, { mirrors });
      }

      expect(await pullBoth(containerd)).to.deep.equal(expected);
    });

    it('are both bases of one docker build', async function () {
      lab.require(this, 'dockerd');
      const registryMirrors = [`https://${hubAtPort}`];
      const dockerd = await clients.add(Dockerd.start({ place: scene.vm, registryMirrors }));

      const markers = await buildFromBoth(dockerd, ghcrAtPort);

      expect(markers).to.equal('hub and ghcr');
    });
  });
});

/** The build of the seed article, whose bases are on both registries. */
async function buildFromBoth(dockerd: Dockerd, ghcr: string): Promise<string> {
  const dockerfile = [
    `FROM ${ghcr}/acme/app:1 AS other`,
    'FROM acme/app:1',
    'COPY --from=other /marker /other',
    'RUN echo -n "$(cat /marker) and $(cat /other)" > /both',
  ];
  await dockerd.build('both', `${dockerfile.join('\n')}\n`);
  return await dockerd.run('both', 'cat', '/both');
}
