/** A new VM: cloud-init user-data with the roots and the configuration of every container tool. */
import { stringify } from 'yaml';
import { buildkitSetup } from './buildkit.ts';
import type { ClientSetup, SetupFile } from './client-setup.ts';
import { clientBundleFile } from './client-trust.ts';
import { containerdSetup, exampleImage } from './containerd.ts';
import { daemonFile, daemonSettings, dockerSetup, isHub } from './docker.ts';
import type { GateAccess } from './gate-access.ts';
import { podmanSetup } from './podman.ts';

export function cloudInitSetup(access: GateAccess): ClientSetup {
  const { mirrors } = access;
  return {
    title: `cloud-init behind mirrorgate: ${mirrors.map(({ registry }) => registry).join(', ')}`,
    before: [],
    files: [{ path: 'user-data', content: userData(access), policy: 'replace' }],
    apply: [],
    check: [
      'cloud-init schema --config-file user-data',
      `in the VM: cloud-init status --wait; docker pull ${exampleImage(mirrors)}`,
    ],
    undo: ['in the VM: remove the files that are listed under write_files'],
    notes: [
      'the first line of user-data must be "#cloud-config": keep it there when you merge this',
      'cloud-init runs once for each instance. To follow rotations of the CA run install.sh --follow',
      'in the VM, or write the user-data of new VMs anew: mirrorgate ca inject cloud-init:user-data',
    ],
  };
}

function userData(access: GateAccess): string {
  const { mirrors, ca } = access;
  const usesCa = mirrors.some(({ usesPrivateCa }) => usesPrivateCa);
  const roots = usesCa && ca !== undefined ? ca.bundlePem : undefined;
  const document = {
    ...(roots !== undefined && { ca_certs: { trusted: certificatesOf(roots) } }),
    write_files: [
      ...(roots === undefined ? [] : trustFiles(access, roots)),
      ...[dockerSetup(access), containerdSetup(access), podmanSetup(access), buildkitSetup(access)]
        .flatMap(({ files }) => files)
        .filter(({ path }) => path !== daemonFile),
    ].map(({ path, content }) => ({ path, content, permissions: '0644' })),
    ...daemonCommand(access),
  };
  return stringify(document, { lineWidth: 0 });
}

/** An image may bring a daemon.json of its own, which is not ours to overwrite. */
function daemonCommand({ mirrors }: GateAccess): object {
  const hub = mirrors.find(isHub);
  if (hub === undefined) return {};
  const settings = JSON.stringify(daemonSettings(hub));
  const write = `mkdir -p /etc/docker && printf '%s\\n' '${settings}' > ${daemonFile}`;
  const reload = 'systemctl try-reload-or-restart docker || true';
  return { runcmd: [['sh', '-c', `test -e ${daemonFile} || { ${write}; }; ${reload}`]] };
}

function trustFiles({ mirrors }: GateAccess, bundlePem: string): Omit<SetupFile, 'policy'>[] {
  const authorities = new Set(
    mirrors.filter(({ usesPrivateCa }) => usesPrivateCa).map(({ authority }) => authority),
  );
  const folders = [...authorities].flatMap((authority) => [
    `/etc/docker/certs.d/${authority}`,
    `/etc/containers/certs.d/${authority}`,
  ]);
  const paths = [clientBundleFile, ...folders.map((folder) => `${folder}/ca.crt`)];
  return paths.map((path) => ({ path, content: bundlePem }));
}

function certificatesOf(bundlePem: string): string[] {
  return bundlePem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g) ?? [];
}
