/** podman, buildah, skopeo and CRI-O: containers-registries.conf(5). They send no `ns`. */
import type { ClientSetup } from './client-setup.ts';
import { trustSteps } from './client-trust.ts';
import { exampleImage } from './containerd.ts';
import type { GateAccess, MirrorAccess } from './gate-access.ts';

const file = '/etc/containers/registries.conf.d/50-mirrorgate.conf';

export function podmanSetup(access: GateAccess): ClientSetup {
  const { mirrors } = access;
  const trust = trustSteps(access, mirrors);
  return {
    title: `podman, buildah, skopeo, CRI-O behind mirrorgate: ${mirrors.map(({ registry }) => registry).join(', ')}`,
    before: trust,
    files: [{ path: file, content: mirrors.map(registryTable).join('\n'), policy: 'replace' }],
    apply: ['CRI-O alone: systemctl reload crio'],
    check: [
      `podman --log-level=debug pull ${exampleImage(mirrors)} 2>&1 | grep -i 'trying to access'`,
    ],
    undo: [`rm ${file}`],
    notes: [
      ...(trust.length === 0
        ? []
        : ['the roots in /etc/containers/certs.d/MIRROR are read anew at each pull']),
      'when the mirror is down or refuses a manifest they go on with the registry itself; once they',
      'have a manifest from the mirror they take its blobs from there too',
    ],
  };
}

function registryTable({ registry, authority, kind }: MirrorAccess): string {
  const location = kind === 'own' ? authority : `${authority}/${registry}`;
  return [
    '[[registry]]',
    `location = "${registry}"`,
    '[[registry.mirror]]',
    `location = "${location}"`,
    '',
  ].join('\n');
}
