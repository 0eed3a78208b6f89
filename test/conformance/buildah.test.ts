import { Buildah } from '../support/lab/buildah.ts';
import { markerPath } from '../support/lab/layer-content.ts';
import { useMirrorLocations } from '../support/lab/registries-conf.ts';
import { ghcrHost, hubHost, type Scene } from '../support/lab/scene.ts';
import { describePulls, type PullClient } from './pull-suite.ts';

async function startBuildah({ vm }: Scene): Promise<PullClient> {
  await useMirrorLocations(vm, { 'docker.io': hubHost, 'ghcr.io': ghcrHost });
  const buildah = await Buildah.start(vm);
  return {
    pull: (reference) => buildah.pull(reference),
    marker: (reference) => buildah.run(reference, 'cat', markerPath),
    remove: (reference) => buildah.remove(reference),
    close: () => buildah.close(),
  };
}

describePulls({ name: 'buildah', needs: ['buildah'], start: startBuildah });
