/** containerd, nerdctl and CRI: one `hosts.toml` for each registry (containerd, docs/hosts.md). */
import type { ClientSetup, SetupFile } from './client-setup.ts';
import { caFileOf, trustSteps } from './client-trust.ts';
import type { GateAccess, MirrorAccess } from './gate-access.ts';

const folder = '/etc/containerd/certs.d';

export function containerdSetup(access: GateAccess): ClientSetup {
  const { mirrors } = access;
  return {
    title: `containerd behind mirrorgate: ${mirrors.map(({ registry }) => registry).join(', ')}`,
    before: trustSteps(access, mirrors),
    files: mirrors.map((mirror) => hostsFile(mirror, folder)),
    apply: [],
    check: [
      `ctr images pull --hosts-dir ${folder} ${exampleImage(mirrors)}`,
      'a line in the access log of the gate names this machine',
    ],
    undo: mirrors.map(({ registry }) => `rm -r ${folder}/${registry}`),
    notes: [
      `for Kubernetes the config.toml of containerd must name the folder: config_path = "${folder}"`,
      '(below [plugins."io.containerd.grpc.v1.cri".registry], from 2.0 on',
      "[plugins.'io.containerd.cri.v1.images'.registry]); ctr takes --hosts-dir, nerdctl finds it",
      'dial_timeout is read from containerd 2.1 on: a mirror that is down costs seconds, not 30 for',
      'each blob; older versions pass over it. The registry itself (server) stands in for the mirror.',
    ],
  };
}

/** The `hosts.toml` of a mirror's registry below `directory`; dockerd from 28 on reads the same. */
export function hostsFile(mirror: MirrorAccess, directory: string): SetupFile {
  const { registry, authority } = mirror;
  const caFile = caFileOf(mirror);
  const lines = [
    `# made by mirrorgate for the registry ${registry}`,
    `server = "${serverOf(registry)}"`,
    '',
    `[host."https://${authority}"]`,
    '  capabilities = ["pull", "resolve"]',
    ...(caFile === undefined ? [] : [`  ca = "${caFile}"`]),
    '  dial_timeout = "3s"',
  ];
  return {
    path: `${directory}/${registry}/hosts.toml`,
    content: `${lines.join('\n')}\n`,
    policy: 'replace',
  };
}

/** Where the registry is really served, for when the mirror is not there. */
function serverOf(registry: string): string {
  return `https://${registry === 'docker.io' ? 'registry-1.docker.io' : registry}`;
}

/** An image that is likely to be there, for a check. */
export function exampleImage(mirrors: readonly MirrorAccess[]): string {
  const examples: Readonly<Record<string, string>> = {
    'docker.io': 'docker.io/library/alpine:latest',
    'ghcr.io': 'ghcr.io/linuxcontainers/alpine:latest',
    'quay.io': 'quay.io/libpod/alpine:latest',
    'gcr.io': 'gcr.io/distroless/static:latest',
    'registry.k8s.io': 'registry.k8s.io/pause:3.10',
    'public.ecr.aws': 'public.ecr.aws/docker/library/alpine:latest',
    'mcr.microsoft.com': 'mcr.microsoft.com/hello-world:latest',
  };
  const known = mirrors.find(({ registry }) => registry in examples);
  return examples[known?.registry ?? ''] ?? `${mirrors[0]?.registry ?? ''}/IMAGE`;
}
