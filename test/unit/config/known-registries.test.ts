import { expect } from 'chai';
import { knownRegistries, tryKnownRegistry } from '../../../lib/config/known-registries.ts';
import { mirrorName, origin, registryName } from '../../../lib/config/scalars.ts';

describe('the known registries', () => {
  it('are the seven of the contract, Docker Hub under each of its names', () => {
    expect(knownRegistries.map(({ registry }) => registry)).to.have.members([
      ...['docker.io', 'ghcr.io', 'quay.io', 'gcr.io', 'registry.k8s.io', 'public.ecr.aws'],
      'mcr.microsoft.com',
    ]);
    for (const name of ['docker.io', 'index.docker.io', 'registry-1.docker.io']) {
      expect(tryKnownRegistry(name)?.name).to.equal('hub');
    }
    expect(tryKnownRegistry('registry.example.com')).to.equal(undefined);
  });

  it('have values that a configuration could hold, and no name twice', () => {
    const names = knownRegistries.flatMap(({ name, registry, aliases }) => [
      ...[mirrorName.parse(name), registryName.parse(registry)],
      ...aliases.map((alias) => registryName.parse(alias)),
    ]);
    expect(new Set(names).size).to.equal(names.length);
    for (const { upstream } of knownRegistries) {
      expect(origin.parse(upstream).origin).to.equal(upstream);
      expect(upstream).to.match(/^https:/);
    }
  });
});
