/** k3s and RKE2: `registries.yaml`, of which they make the `hosts.toml` of their containerd. */
import { stringify } from 'yaml';
import type { ClientSetup } from './client-setup.ts';
import { caFileOf, trustSteps } from './client-trust.ts';
import { exampleImage } from './containerd.ts';
import type { GateAccess, MirrorAccess } from './gate-access.ts';

const file = '/etc/rancher/k3s/registries.yaml';

export function k3sSetup(access: GateAccess): ClientSetup {
  const { mirrors } = access;
  return {
    title: `k3s behind mirrorgate: ${mirrors.map(({ registry }) => registry).join(', ')}`,
    before: trustSteps(access, mirrors),
    files: [{ path: file, content: registriesYaml(mirrors), policy: 'replace' }],
    apply: ['systemctl restart k3s   # or k3s-agent; on every node'],
    check: [`k3s crictl pull ${exampleImage(mirrors)}`],
    undo: [`rm ${file}`, 'systemctl restart k3s'],
    notes: [
      'for RKE2 the file is /etc/rancher/rke2/registries.yaml',
      'k3s goes on with the registry itself when the mirror is down or refuses, unless it was started',
      'with --disable-default-registry-endpoint; it has no setting for dial_timeout',
    ],
  };
}

function registriesYaml(mirrors: readonly MirrorAccess[]): string {
  const configs = mirrors.flatMap((mirror) => {
    const caFile = caFileOf(mirror);
    return caFile === undefined ? [] : [[mirror.authority, { tls: { ca_file: caFile } }] as const];
  });
  return stringify({
    mirrors: Object.fromEntries(
      mirrors.map(({ registry, authority }) => [registry, { endpoint: [`https://${authority}`] }]),
    ),
    ...(configs.length > 0 && { configs: Object.fromEntries(configs) }),
  });
}
