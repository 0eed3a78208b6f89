/**
 * A workflow of GitHub Actions, by the composite action in this repository (action.yml). It is taken
 * from the workflow's own repository: who owns a copy of this one on GitHub is not known here.
 */
import { stringify } from 'yaml';
import type { ClientSetup } from './client-setup.ts';
import { isHub } from './docker.ts';
import { exampleImage } from './containerd.ts';
import type { GateAccess, MirrorAccess } from './gate-access.ts';

const folder = '.github/actions/mirrorgate';

export function githubActionsSetup(access: GateAccess): ClientSetup {
  const { mirrors, ca, caOrigin } = access;
  const usesCa = ca !== undefined && mirrors.some(({ usesPrivateCa }) => usesPrivateCa);
  const inputs = {
    mirrors: `${mirrors.map(mirrorLine).join('\n')}\n`,
    ...(usesCa && { url: caOrigin, fingerprint: ca.fingerprint }),
  };
  const steps = [
    { uses: 'actions/checkout@v4' },
    { id: 'mirrorgate', uses: `./${folder}`, with: inputs },
    {
      uses: 'docker/setup-buildx-action@v3',
      with: { 'buildkitd-config': '${{ steps.mirrorgate.outputs.buildkitd-config }}' },
    },
    { name: 'Pull through the mirror', run: `docker pull ${exampleImage(mirrors)}` },
  ];
  return {
    title: `GitHub Actions behind mirrorgate: ${mirrors.map(({ registry }) => registry).join(', ')}`,
    before: [
      'from a checkout of mirrorgate, copy the action into the repository of the workflow:',
      `  mkdir -p REPOSITORY/${folder} && cp --parents action.yml config/clients/*.sh REPOSITORY/${folder}`,
      'or name your copy of mirrorgate on GitHub where "uses" is: ACCOUNT/mirrorgate@TAG',
    ],
    files: [
      {
        path: '.github/workflows/build.yml, below "jobs: JOB:"',
        content: stringify({ steps }, { lineWidth: 0 }),
        policy: 'replace',
      },
    ],
    apply: [],
    check: ['the access log of the gate names the address of the runner'],
    undo: ['take out the steps; a runner that lives on: sh install.sh --uninstall'],
    notes: [
      'runners that GitHub hosts share ever-changing addresses, which no allow-list can hold: this is',
      'for runners of your own, whose addresses are in the allow-list',
      'an existing daemon.json keeps all its settings; mirrors are added before those it has',
      ...(mirrors.some((mirror) => !isHub(mirror))
        ? ['the builder of setup-buildx-action is what uses the mirrors of the other registries']
        : []),
      'when the mirror is down, docker and BuildKit go on with the registry itself, and the build passes',
    ],
  };
}

/** `REGISTRY=AUTHORITY`, as the action's input `mirrors` takes it. */
function mirrorLine({ registry, authority }: MirrorAccess): string {
  return `${registry}=${authority}`;
}
