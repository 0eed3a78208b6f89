import { Containerd } from '../support/lab/containerd.ts';
import { markerPath } from '../support/lab/layer-content.ts';
import { ghcrHost, hubHost, type Scene } from '../support/lab/scene.ts';
import { describePulls, type PullClient } from './pull-suite.ts';

async function startContainerd({ vm, caFile }: Scene): Promise<PullClient> {
  const containerd = await Containerd.start(vm);
  const mirrors = { 'docker.io': hubHost, 'ghcr.io': ghcrHost, [hubHost]: hubHost };
  for (const [registry, host] of Object.entries(mirrors)) {
    await containerd.useHosts(registry, { mirrors: [{ url: `https://${host}`, caFile }] });
  }
  return {
    pull: (reference) => containerd.pull(reference),
    marker: (reference) => containerd.read(reference, markerPath),
    remove: (reference) => containerd.remove(reference),
    close: () => containerd.close(),
  };
}

describePulls({ name: 'containerd', needs: ['containerd'], start: startContainerd });
