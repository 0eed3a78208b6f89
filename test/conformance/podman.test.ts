import { markerPath } from '../support/lab/layer-content.ts';
import { Podman } from '../support/lab/podman.ts';
import { useMirrorLocations } from '../support/lab/registries-conf.ts';
import { ghcrHost, hubHost, type Scene } from '../support/lab/scene.ts';
import { describePulls, type PullClient } from './pull-suite.ts';

async function startPodman({ vm }: Scene): Promise<PullClient> {
  await useMirrorLocations(vm, { 'docker.io': hubHost, 'ghcr.io': ghcrHost });
  const podman = await Podman.start(vm);
  return {
    pull: (reference) => podman.pull(reference),
    marker: (reference) => podman.read(reference, markerPath),
    remove: (reference) => podman.remove(reference),
    close: () => podman.close(),
  };
}

describePulls({ name: 'podman', needs: ['podman'], start: startPodman });
