import { useMirrorLocations } from '../support/lab/registries-conf.ts';
import { ghcrHost, hubHost, type Scene } from '../support/lab/scene.ts';
import type { CopiedImage } from '../support/lab/copied-image.ts';
import { markerPath } from '../support/lab/layer-content.ts';
import { Skopeo } from '../support/lab/skopeo.ts';
import { describePulls, type PullClient } from './pull-suite.ts';

async function startSkopeo({ vm }: Scene): Promise<PullClient> {
  await useMirrorLocations(vm, { 'docker.io': hubHost, 'ghcr.io': ghcrHost });
  const skopeo = await Skopeo.start(vm);
  const copies = new Map<string, CopiedImage>();
  return {
    pull: async (reference) => {
      const copy = await skopeo.copy(reference);
      copies.set(reference, copy);
      return copy.digest;
    },
    marker: async (reference) => (await copies.get(reference)?.file(markerPath)) ?? '',
    remove: (reference) => Promise.resolve(void copies.delete(reference)),
    close: () => skopeo.close(),
  };
}

describePulls({ name: 'skopeo', needs: ['skopeo'], start: startSkopeo });
