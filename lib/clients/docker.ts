/**
 * dockerd: `registry-mirrors` serves docker.io alone. From Docker 28 on with the containerd image
 * store every registry has a `hosts.toml` of containerd below /etc/docker/certs.d; docker.io too,
 * since there the trust of a registry mirror is not looked for under its own name (seen in moby
 * v2.0.0-beta.24, daemon/hosts.go). Older ones read nothing but certificates in that folder.
 */
import type { ClientSetup, SetupFile } from './client-setup.ts';
import { trustSteps } from './client-trust.ts';
import { exampleImage, hostsFile } from './containerd.ts';
import type { GateAccess, MirrorAccess } from './gate-access.ts';

const folder = '/etc/docker/certs.d';
export const daemonFile = '/etc/docker/daemon.json';

export function dockerSetup(access: GateAccess): ClientSetup {
  const { mirrors } = access;
  const hub = mirrors.find(isHub);
  const others = mirrors.filter((mirror) => mirror !== hub);
  return {
    title: `dockerd behind mirrorgate: ${mirrors.map(({ registry }) => registry).join(', ')}`,
    before: trustSteps(access, mirrors),
    files: [
      ...(hub === undefined ? [] : [daemonJson(hub)]),
      ...mirrors.map((mirror) => hostsFile(mirror, folder)),
    ],
    // SIGHUP is enough for registry-mirrors; certs.d is read at each pull.
    apply: ['if systemctl is-active --quiet docker 2>/dev/null; then systemctl reload docker; fi'],
    check: [
      ...(hub === undefined
        ? []
        : [`docker info | grep -A 2 'Registry Mirrors'   # ${hub.authority}`]),
      `docker pull ${exampleImage(mirrors)}`,
    ],
    undo: [
      ...(hub === undefined ? [] : [`take "registry-mirrors" out of ${daemonFile}`]),
      ...mirrors.map(({ registry }) => `rm ${folder}/${registry}/hosts.toml`),
      'systemctl reload docker',
    ],
    notes: [
      'docker build uses the same mirrors where BuildKit is the one in dockerd; a builder of',
      '"docker buildx create" has a configuration of its own: mirrorgate client buildkit',
      ...(others.length === 0 ? [] : olderNotes(others)),
      'when the mirror is down or refuses, dockerd goes on with the registry itself',
    ],
  };
}

/** What the daemon's own file must hold for docker.io. */
export function daemonSettings(hub: MirrorAccess): { readonly 'registry-mirrors': string[] } {
  return { 'registry-mirrors': [`https://${hub.authority}`] };
}

export function isHub({ registry }: MirrorAccess): boolean {
  return registry === 'docker.io';
}

function daemonJson(hub: MirrorAccess): SetupFile {
  return {
    path: daemonFile,
    content: `${JSON.stringify(daemonSettings(hub), undefined, 2)}\n`,
    policy: 'keep',
  };
}

function olderNotes(others: readonly MirrorAccess[]): string[] {
  return [
    'Docker before 28, and without the containerd image store, has no mirrors but of docker.io.',
    'There, name the mirror in place of the registry:',
    ...others.map(({ registry, authority, kind }) => {
      const place = kind === 'own' ? authority : `${authority}/${registry}`;
      return `  docker pull ${place}/IMAGE   # in place of ${registry}/IMAGE`;
    }),
  ];
}
