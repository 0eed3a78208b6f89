/** A budget that is spent while real clients pull: what they began comes to its end. */
import { expect } from 'chai';
import { failureOf } from '../support/lab/command.ts';
import { requireParts } from '../support/lab/lab-availability.ts';
import { OpenParts } from '../support/lab/open-parts.ts';
import { Podman } from '../support/lab/podman.ts';
import { useMirrorLocations } from '../support/lab/registries-conf.ts';
import { hubHost, Scene } from '../support/lab/scene.ts';
import { Skopeo } from '../support/lab/skopeo.ts';
import { until } from '../support/until.ts';

/** A failure later than this is one that a build would notice as a hang. */
const quickMs = 10_000;

describe('a budget that is spent in the middle of a pull', function () {
  this.timeout(90_000);
  const parts = new OpenParts();
  let scene: Scene;

  before(async function () {
    await requireParts(this, 'namespaces', 'docker-registry', 'skopeo', 'podman', 'gate');
    scene = await parts.add(Scene.start());
    await useMirrorLocations(scene.vm, { 'docker.io': hubHost });
  });
  after(async () => {
    await parts.close();
  });

  const order = async (bandwidth: Readonly<Record<string, unknown>>): Promise<void> => {
    await scene.gate.configure({ settings: { bandwidth } });
    expect((await scene.gate.reload()).event).to.equal('configuration reloaded');
  };

  it('lets skopeo and podman finish, and refuses them the next image at once', async () => {
    const [skopeo, podman] = [
      await parts.add(Skopeo.start(scene.vm)),
      await parts.add(Podman.start(scene.vm)),
    ];
    // More layers than either fetches at once, so that some are asked for after the budget is spent.
    const image = await scene.layout.addRandom('begun', {
      ...{ seed: 'begun', layers: 14, layerSizeBytes: 500_000 },
    });
    await scene.publish({ upstream: 'hub', name: 'library/begun:1', image });
    await scene.publish({ upstream: 'hub', name: 'library/next:1', image });
    await order({ perClient: '8Mbit/s' });

    const pulls = Promise.all([
      skopeo.copy('docker.io/library/begun:1'),
      podman.pull('docker.io/library/begun:1'),
    ]);
    const blobs = (): number =>
      scene.gate.accessLog().filter(({ reference = '' }) => reference.startsWith('sha256:')).length;
    await until('both to have begun', () => blobs() > 2);
    await order({ perClient: '8Mbit/s', monthly: '1KB', stages: [{ at: '100%', do: 'refuse' }] });
    const before = blobs();

    const [copied, pulled] = await pulls;
    expect([copied.digest, pulled]).to.deep.equal([image.digest, image.digest]);
    expect(blobs()).to.be.above(before);

    for (const next of [
      () => skopeo.copy('docker.io/library/next:1'),
      () => podman.pull('docker.io/library/next:1'),
    ]) {
      const begunAt = Date.now();
      expect((await failureOf(next())).exitCode).to.not.equal(0);
      expect(Date.now() - begunAt).to.be.below(quickMs);
    }
    const refused = scene.gate
      .accessLog()
      .filter(({ repository }) => repository === 'library/next');
    expect(refused.map(({ status }) => status)).to.include(503);
    expect(refused.every(({ status }) => status === 503)).to.equal(true);
  });
});
