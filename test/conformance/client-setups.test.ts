/**
 * What `mirrorgate client TOOL` prints, taken as it is by the real tool: in a VM that can reach the
 * gate alone, and knows it by what is printed alone.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import type { Digest } from '../../lib/oci/digest.ts';
import { actionStep } from '../support/clients/github-action.ts';
import { Buildkitd, requireBuildkit } from '../support/lab/buildkitd.ts';
import { runCommand } from '../support/lab/command.ts';
import { Containerd } from '../support/lab/containerd.ts';
import { Dockerd } from '../support/lab/dockerd.ts';
import { gateProgram, type MirrorSettings } from '../support/lab/gate.ts';
import { requireGoProgram } from '../support/lab/go-program.ts';
import { requireParts } from '../support/lab/lab-availability.ts';
import { markerPath } from '../support/lab/layer-content.ts';
import { NewDockerd, requireNewDockerd } from '../support/lab/new-dockerd.ts';
import { OpenParts } from '../support/lab/open-parts.ts';
import { machine } from '../support/lab/place.ts';
import { Podman } from '../support/lab/podman.ts';
import { acceptUnsignedImages } from '../support/lab/registries-conf.ts';
import { ghcrPort, hubPort, Scene, universalHost } from '../support/lab/scene.ts';
import { Skopeo } from '../support/lab/skopeo.ts';

/** The ways to a mirror: a host of its own, a port of its own, the host that all share. */
const layouts = {
  'own hosts': ['hosts'],
  'own ports': ['ports'],
  'a shared host': [],
} as const satisfies Readonly<Record<string, readonly (keyof MirrorSettings)[]>>;
type Layout = keyof typeof layouts;
/** Of the layouts that the gate's own configuration does not have, so that install.sh knows none. */
const variantAuthorities = [
  universalHost,
  `${universalHost}:${hubPort}`,
  `${universalHost}:${ghcrPort}`,
];
/** Rancher's own loader of registries.yaml, of which k3s and RKE2 pull by, as a program. */
const registriesLoader = {
  name: 'wharfie',
  package: 'github.com/rancher/wharfie',
  version: 'v0.7.1',
  builtBy: 'npm run soak:clients',
};
const images = { hub: 'docker.io/library/setup:1', ghcr: 'ghcr.io/acme/setup:1' } as const;

describe('the printed configuration of', function () {
  this.timeout(60_000);
  const parts = new OpenParts();
  let scene: Scene;
  let digest: Digest;

  before(async function () {
    await requireParts(this, 'namespaces', 'docker-registry', 'skopeo', 'gate');
    scene = await parts.add(Scene.start());
    const image = await scene.layout.addBusybox('setup', 'set up');
    digest = await scene.publish({ upstream: 'hub', name: 'library/setup:1', image });
    await scene.publish({ upstream: 'ghcr', name: 'acme/setup:1', image });
    const bundle = await scene.gate.bundle();
    await installRoots();
    for (const authority of variantAuthorities) {
      await scene.vm.write(`/etc/docker/certs.d/${authority}/ca.crt`, bundle);
      await scene.vm.write(`/etc/containers/certs.d/${authority}/ca.crt`, bundle);
    }
    await acceptUnsignedImages(scene.vm);
  });
  after(() => parts.close());

  /** As the printed text says, but not for the system, which the VM shares with this machine. */
  async function installRoots(): Promise<void> {
    await runCommand(scene.vm, ['rm', '-rf', '/etc/docker/certs.d', '/etc/containers/certs.d']);
    const [, origin = '', fingerprint = ''] =
      /curl \S+ -o install\.sh (\S+)\/ca\/install\.sh\n#\s+sh install\.sh (\w+)/.exec(
        await printed('podman', 'own hosts'),
      ) ?? [];
    await runCommand(scene.vm, [
      'curl',
      '-fsS',
      '-o',
      '/etc/install.sh',
      `${origin}/ca/install.sh`,
    ]);
    await runCommand(scene.vm, ['sh', '/etc/install.sh', '--all', '--no-system', fingerprint]);
  }

  /** What is printed where the mirrors of the scene are reached by `layout` alone. */
  async function printed(tool: string, layout: Layout): Promise<string> {
    const { configurationFile } = scene.gate;
    const written = JSON.parse(await readFile(configurationFile, 'utf8')) as {
      readonly mirrors: readonly MirrorSettings[];
    };
    const variant = join(dirname(configurationFile), 'variant.yaml');
    const mirrors = written.mirrors.map(({ hosts, ports, ...mirror }) => ({
      ...mirror,
      ...pick({ hosts, ports }, layouts[layout]),
    }));
    await writeFile(variant, JSON.stringify({ ...written, mirrors }));
    const command = [process.execPath, gateProgram, 'client', tool, '--config', variant];
    return (await runCommand(machine, command)).stdout;
  }

  async function runInVm(script: string): Promise<void> {
    await scene.vm.write('/etc/mirrorgate/setup.sh', script);
    await runCommand(scene.vm, ['sh', '/etc/mirrorgate/setup.sh']);
  }

  async function expectThroughGate(
    mirrors: readonly (keyof typeof images)[],
    pull: (reference: string) => Promise<Digest>,
  ): Promise<void> {
    for (const mirror of mirrors) {
      const { result, served } = await scene.observe(() => pull(images[mirror]));
      expect(result).to.equal(digest);
      await scene.gate.waitForLog(`pull from ${mirror}`, () =>
        served().find((line) => line.mirror === mirror && line.status === 200),
      );
    }
  }

  for (const layout of Object.keys(layouts) as Layout[]) {
    describe(`mirrors with ${layout}`, () => {
      it('containerd makes ctr pull from both registries', async function () {
        await requireParts(this, 'containerd');
        await runInVm(await printed('containerd', layout));
        const containerd = await Containerd.start(scene.vm, '/etc/containerd/certs.d');
        try {
          await expectThroughGate(['hub', 'ghcr'], (reference) => containerd.pull(reference));
        } finally {
          await containerd.close();
        }
      });

      it('buildkit makes a buildkitd build from both registries', async function () {
        const programs = await requireBuildkit(this);
        const file = await useWrittenFile(await printed('buildkit', layout));
        const buildkitd = await Buildkitd.start(programs, scene.vm, file);
        try {
          await expectThroughGate(['hub', 'ghcr'], (reference) => buildkitd.pull(reference));
        } finally {
          await buildkitd.close();
        }
      });

      it('k3s makes the loader of its registries.yaml pull from both registries', async function () {
        const wharfie = await requireGoProgram(this, registriesLoader);
        const file = await useWrittenFile(await printed('k3s', layout));
        await expectThroughGate(['hub', 'ghcr'], async (reference) => {
          const [folder] = (await runCommand(scene.vm, ['mktemp', '-d'])).stdout.split('\n');
          await runCommand(scene.vm, [wharfie, '--private-registry', file, reference, `${folder}`]);
          const { stdout } = await runCommand(scene.vm, ['cat', `${folder}${markerPath}`]);
          expect(stdout).to.equal('set up');
          return digest;
        });
      });

      it('podman makes skopeo pull from both registries', async function () {
        await usePodmanFile(layout);
        const skopeo = await Skopeo.start(scene.vm);
        try {
          await expectThroughGate(
            ['hub', 'ghcr'],
            async (reference) => (await skopeo.copy(reference)).digest,
          );
        } finally {
          await skopeo.close();
        }
      });
    });
  }

  it('podman makes podman pull from both registries', async function () {
    await requireParts(this, 'podman');
    await usePodmanFile('a shared host');
    const podman = await Podman.start(scene.vm);
    try {
      await expectThroughGate(['hub', 'ghcr'], (reference) => podman.pull(reference));
      expect(await podman.read(images.ghcr, markerPath)).to.equal('set up');
    } finally {
      await podman.close();
    }
  });

  it('docker makes docker pull and docker build use the mirror of docker.io', async function () {
    await requireParts(this, 'dockerd');
    const daemonJson = await useDockerFiles();
    const dockerd = await Dockerd.start({ place: scene.vm, daemonJson });
    try {
      await expectThroughGate(['hub'], (reference) => dockerd.pull(reference));
      await dockerd.remove(images.hub);
      const { served } = await scene.observe(() => dockerd.build('built', `FROM ${images.hub}\n`));
      await scene.gate.waitForLog('pull by BuildKit', () =>
        served().find(({ mirror, method }) => mirror === 'hub' && method === 'GET'),
      );
    } finally {
      await dockerd.close();
    }
  });

  it('github-actions makes docker pull through the mirror, beside the settings that it has', async function () {
    await requireParts(this, 'dockerd');
    await scene.vm.write('/etc/docker/daemon.json', '{"max-concurrent-downloads": 2}');
    await runCommand(scene.vm, ['rm', '-rf', '/etc/docker/certs.d', '/etc/mirrorgate']);
    const { steps } = parse(await printed('github-actions', 'own hosts')) as {
      readonly steps: readonly [unknown, { readonly with: Readonly<Record<string, string>> }];
    };
    const { script, environment } = actionStep(steps[1].with);
    await runCommand(scene.vm, ['sh', '-e', '-c', script], { environment });
    const { stdout } = await runCommand(scene.vm, ['cat', '/etc/docker/daemon.json']);
    const daemonJson = JSON.parse(stdout) as Record<string, unknown>;
    expect(daemonJson).to.have.property('max-concurrent-downloads', 2);
    const dockerd = await Dockerd.start({ place: scene.vm, daemonJson });
    try {
      await expectThroughGate(['hub'], (reference) => dockerd.pull(reference));
    } finally {
      await dockerd.close();
    }
    const program = await requireNewDockerd(this);
    const newDockerd = await NewDockerd.start(program, scene.vm, daemonJson);
    try {
      await expectThroughGate(['hub', 'ghcr'], (reference) => newDockerd.pull(reference));
    } finally {
      await newDockerd.close();
    }
    const programs = await requireBuildkit(this);
    const buildkitd = await Buildkitd.start(programs, scene.vm, '/etc/mirrorgate/buildkitd.toml');
    try {
      await expectThroughGate(['hub', 'ghcr'], (reference) => buildkitd.pull(reference));
    } finally {
      await buildkitd.close();
    }
  });

  it('docker leaves a daemon.json alone that is there already', async () => {
    await scene.vm.write('/etc/docker/daemon.json', '{"debug":true}');
    await runInVm(await printed('docker', 'own hosts'));
    const { stdout } = await runCommand(scene.vm, ['cat', '/etc/docker/daemon.json']);
    expect(stdout).to.equal('{"debug":true}');
  });

  const usePodmanFile = async (layout: Layout): Promise<string> =>
    useWrittenFile(await printed('podman', layout));

  /** Puts what is printed where it says that it belongs. */
  async function useWrittenFile(text: string): Promise<string> {
    const [, path = ''] = /^# File: (\S+)$/m.exec(text) ?? [];
    await scene.vm.write(path, text);
    return path;
  }

  async function useDockerFiles(): Promise<Record<string, unknown>> {
    await runCommand(scene.vm, ['rm', '-f', '/etc/docker/daemon.json']);
    await runInVm(await printed('docker', 'own hosts'));
    const { stdout } = await runCommand(scene.vm, ['cat', '/etc/docker/daemon.json']);
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  it('docker makes a Docker of today pull from both registries', async function () {
    const program = await requireNewDockerd(this);
    const daemonJson = await useDockerFiles();
    const dockerd = await NewDockerd.start(program, scene.vm, daemonJson);
    try {
      await expectThroughGate(['hub', 'ghcr'], (reference) => dockerd.pull(reference));
    } finally {
      await dockerd.close();
    }
  });

  it('docker has a hosts.toml for Docker 28, by whose resolver the other registries are pulled', async function () {
    await requireParts(this, 'containerd');
    await runInVm(await printed('docker', 'own hosts'));
    // Docker's image store hands this folder to containerd's resolver, as ctr does.
    const containerd = await Containerd.start(scene.vm, '/etc/docker/certs.d');
    try {
      await expectThroughGate(['ghcr'], (reference) => containerd.pull(reference));
    } finally {
      await containerd.close();
    }
  });
});

function pick<T extends object>(values: T, keys: readonly (keyof T)[]): Partial<T> {
  return Object.fromEntries(keys.map((key) => [key, values[key]])) as Partial<T>;
}
