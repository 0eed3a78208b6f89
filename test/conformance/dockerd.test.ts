import { Dockerd } from '../support/lab/dockerd.ts';
import { markerPath } from '../support/lab/layer-content.ts';
import { ghcrHost, hubHost, type Scene } from '../support/lab/scene.ts';
import { parseDigest, type Digest } from '../../lib/oci/digest.ts';
import { describePulls, type PullClient } from './pull-suite.ts';

/** dockerd knows mirrors of docker.io alone; what is on ghcr.io is named at its mirror. */
function atMirror(reference: string): string {
  return reference.replace(/^ghcr\.io\//, `${ghcrHost}/`);
}

async function startDockerd({ vm }: Scene): Promise<Dockerd> {
  return await Dockerd.start({ place: vm, registryMirrors: [`https://${hubHost}`] });
}

async function startPulling(scene: Scene): Promise<PullClient> {
  const dockerd = await startDockerd(scene);
  return {
    pull: (reference) => dockerd.pull(atMirror(reference)),
    marker: (reference) => dockerd.run(atMirror(reference), 'cat', markerPath),
    remove: (reference) => dockerd.remove(atMirror(reference)),
    close: () => dockerd.close(),
  };
}

/** Pulls by building: the image is the base of a build whose one step reads the marker. */
async function startBuilding(scene: Scene): Promise<PullClient> {
  const dockerd = await startDockerd(scene);
  return {
    pull: async (reference) => {
      const dockerfile = `FROM ${atMirror(reference)}\n`;
      const { stderr } = await dockerd.build('built', dockerfile);
      return baseDigest(stderr);
    },
    marker: () => dockerd.run('built', 'cat', markerPath),
    remove: () => dockerd.remove('built'),
    close: () => dockerd.close(),
  };
}

/** BuildKit's progress names the base it resolved: `[1/1] FROM docker.io/library/x:1@sha256:…`. */
function baseDigest(progress: string): Digest {
  const [, digest = ''] = /FROM \S+@(sha256:[a-f0-9]{64})/.exec(progress) ?? [];
  return parseDigest(digest);
}

describePulls({ name: 'docker pull', needs: ['dockerd'], start: startPulling });
describePulls({ name: 'docker build', needs: ['dockerd'], start: startBuilding });
