/**
 * Which real parts this machine has. A part that is missing skips its tests with a printed
 * reason; in CI it fails them, unless MIRRORGATE_LAB_SKIPS lists it (`dockerd,podman`).
 */
import { access, constants, mkdir, rmdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage, MirrorgateError } from '../../../lib/errors/mirrorgate-error.ts';
import { LoopMount } from '../../../lib/injection/loop-mount.ts';
import { runCommand } from './command.ts';
import { Dockerd } from './dockerd.ts';
import { gateProgram } from './gate.ts';
import { Namespace } from './namespace.ts';
import { bareEnvironment, machine } from './place.ts';
import { TemporaryDirectory } from './temporary-directory.ts';

export type LabPart =
  | 'namespaces'
  | 'docker-registry'
  | 'skopeo'
  | 'podman'
  | 'buildah'
  | 'containerd'
  | 'dockerd'
  | 'java'
  | 'pebble'
  | 'loop devices'
  | 'openssh'
  | 'cloud-init'
  | 'systemd'
  | 'cron'
  | 'faketime'
  | 'gate';

interface MissingPart {
  readonly part: LabPart;
  readonly reason: string;
}

/** Files that each part needs; a name without a slash is looked up on the path. */
const programs: Readonly<Record<LabPart, readonly string[]>> = {
  namespaces: ['unshare', 'nsenter', 'setpriv', 'ip', 'mount'],
  'docker-registry': ['docker-registry', 'curl', 'htpasswd'],
  skopeo: ['skopeo', '/bin/busybox'],
  podman: ['podman', 'runc'],
  buildah: ['buildah'],
  containerd: ['containerd', 'ctr'],
  dockerd: ['/usr/sbin/dockerd', '/usr/bin/docker', 'containerd', 'runc', 'iptables'],
  java: ['keytool'],
  pebble: ['pebble', 'pebble-challtestsrv'],
  'loop devices': ['mount', 'umount', 'unshare', 'mkfs.ext4'],
  'cloud-init': ['cloud-init'],
  systemd: ['/lib/systemd/systemd', 'systemctl'],
  cron: ['cron'],
  faketime: ['faketime'],
  openssh: ['/usr/sbin/sshd', 'ssh', 'ssh-keygen'],
  gate: [gateProgram],
};

/** What a survey of this machine found, asked by the tests that need one part or another. */
export class LabAvailability {
  readonly #reasons: ReadonlyMap<LabPart, string | undefined>;

  private constructor(reasons: ReadonlyMap<LabPart, string | undefined>) {
    this.#reasons = reasons;
  }

  static async survey(...parts: readonly LabPart[]): Promise<LabAvailability> {
    const reasons = new Map<LabPart, string | undefined>();
    for (const part of parts) reasons.set(part, await tryReason(part));
    return new LabAvailability(reasons);
  }

  /**
   * Skips the test or the suite of `context` where one of its `parts`, surveyed before, is missing.
   * @throws MirrorgateError `MIRRORGATE_LAB_MISSING` in CI, unless the part is listed there
   */
  require(context: Mocha.Context, ...parts: readonly LabPart[]): void {
    const missing = parts.flatMap((part): MissingPart[] => {
      const reason = this.#reasons.has(part) ? this.#reasons.get(part) : 'it was not surveyed';
      return reason === undefined ? [] : [{ part, reason }];
    });
    if (missing.length === 0) return;
    const text = missing.map(({ part, reason }) => `${part}: ${reason}`).join('; ');
    if (missing.some(({ part }) => isBinding(part, process.env))) {
      throw new MirrorgateError('MIRRORGATE_LAB_MISSING', `the lab lacks ${text}`, {
        hint: 'install the packages of scripts/lab-packages.txt, or list the part in MIRRORGATE_LAB_SKIPS',
      });
    }
    console.warn(`    skipped, the lab lacks ${text}`);
    context.skip();
  }
}

/** Surveys and requires `parts` at once; for the `before` of a suite that needs them all. */
export async function requireParts(
  context: Mocha.Context,
  ...parts: readonly LabPart[]
): Promise<void> {
  const lab = await LabAvailability.survey(...parts);
  lab.require(context, ...parts);
}

function isBinding(part: LabPart, environment: NodeJS.ProcessEnv): boolean {
  const listed = (environment['MIRRORGATE_LAB_SKIPS'] ?? '').split(',');
  const isCi = (environment['CI'] ?? '') !== '';
  return isCi && !listed.includes(part);
}

async function tryReason(part: LabPart): Promise<string | undefined> {
  for (const program of programs[part]) {
    if (!(await isExecutable(program))) return `no ${program}`;
  }
  try {
    await trials[part]?.();
    return undefined;
  } catch (error) {
    return errorMessage(error);
  }
}

async function isExecutable(program: string): Promise<boolean> {
  const isPath = program.includes('/');
  const folders = (bareEnvironment['PATH'] ?? '').split(':');
  const paths = isPath ? [program] : folders.map((folder) => join(folder, program));
  const mode = program === gateProgram ? constants.R_OK : constants.X_OK;
  const found = await Promise.allSettled(paths.map(async (path) => await access(path, mode)));
  return found.some(({ status }) => status === 'fulfilled');
}

/** Of parts that a machine may have and yet not be able to use. */
const trials: Readonly<Partial<Record<LabPart, () => Promise<void>>>> = {
  namespaces: tryNamespace,
  dockerd: tryDockerd,
  'loop devices': tryLoopDevice,
  systemd: tryControlGroup,
};

async function tryLoopDevice(): Promise<void> {
  const scratch = await TemporaryDirectory.create('loop');
  try {
    const image = scratch.join('image');
    await writeFile(image, '');
    await truncate(image, 1 << 20);
    await runCommand(machine, ['mkfs.ext4', '-q', image]);
    await mkdir(scratch.join('point'));
    const mount = await LoopMount.tryOpen(image, { point: scratch.join('point'), use: 'read' });
    if (mount === undefined) throw new Error('no image can be mounted by a loop device here');
    await mount.close();
  } finally {
    await scratch.close();
  }
}

/** Of version 2 (cgroups(7)): alone, or beside version 1. */
async function tryControlGroup(): Promise<void> {
  const group = `/sys/fs/cgroup/unified/mirrorgate-trial-${process.pid}`;
  const path = (await isExecutable('/sys/fs/cgroup/unified'))
    ? group
    : group.replace('unified/', '');
  await mkdir(path);
  await rmdir(path);
}

async function tryNamespace(): Promise<void> {
  const namespace = await Namespace.start({ network: 'own' });
  await namespace.close();
}

async function tryDockerd(): Promise<void> {
  const place = await Namespace.start({ network: 'own' });
  try {
    const dockerd = await Dockerd.start({ place });
    await dockerd.close();
  } finally {
    await place.close();
  }
}
