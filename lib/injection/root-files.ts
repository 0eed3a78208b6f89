/**
 * What a root file system holds once it trusts the private CA: the same files that install.sh
 * writes, under the same names, so that it follows rotations from there.
 */
import { fingerprint } from '../certificates/certificate-facts.ts';
import { bundlePem, type Bundle, type BundleRoot } from '../ca/bundle.ts';
import { commonName } from '../ca/root.ts';
import { clientBundleFile } from '../clients/client-trust.ts';
import { hostsFile } from '../clients/containerd.ts';
import type { GateAccess, MirrorAccess } from '../clients/gate-access.ts';
import type { RootTree } from './root-tree.ts';
import { subjectHash } from './subject-hash.ts';
import type { SystemTrust } from './system-trust.ts';

/** Paths that are ours, a line each: what install.sh keeps, and what only this program writes. */
export const installedRecord = '/etc/mirrorgate/installed';
export const injectedRecord = '/etc/mirrorgate/injected';
const settingsFile = '/etc/mirrorgate/client.conf';

export type Files = ReadonlyMap<string, string>;

export interface RootFiles {
  /** One file for each root, of which the system makes its bundle. */
  readonly anchors: Files;
  /** The same roots where OpenSSL looks them up by name. */
  readonly hashed: Files;
  /** For container tools. */
  readonly tools: Files;
  /** For install.sh, when it is run there later. */
  readonly settings: Files;
}

export async function rootFiles(
  tree: RootTree,
  { bundle, access, system }: { bundle: Bundle; access: GateAccess; system: SystemTrust },
): Promise<RootFiles> {
  const pem = bundlePem(bundle);
  const { hashed } = system;
  const anchorOf = ({ certificate }: BundleRoot): string =>
    `${system.anchors}/mirrorgate-${fingerprint(certificate).slice(0, 16)}.crt`;
  return {
    anchors: new Map(bundle.roots.map((root) => [anchorOf(root), root.certificate.toString()])),
    hashed: new Map(
      hashed === undefined
        ? []
        : bundle.roots.map(({ certificate }) => [
            `${hashed}/${subjectHash(commonName(certificate))}.0`,
            certificate.toString(),
          ]),
    ),
    tools: await toolFiles(tree, access, pem),
    settings: new Map([[settingsFile, settingsText(bundle, access)]]),
  };
}

/** As install.sh writes it. */
function settingsText({ version, roots }: Bundle, { caOrigin, mirrors }: GateAccess): string {
  const pins = roots.map(({ certificate }) => fingerprint(certificate)).join(' ');
  const pairs = mirrors
    .filter(({ usesPrivateCa }) => usesPrivateCa)
    .map(({ registry, authority }) => `${registry}=${authority}`);
  const lines = [`url=${caOrigin}`, `version=${version}`, 'system=yes', `pins=${pins}`];
  return [...lines, `mirrors=${pairs.join(' ')}`, ''].join('\n');
}

async function toolFiles(tree: RootTree, { mirrors }: GateAccess, pem: string): Promise<Files> {
  const files = new Map([[clientBundleFile, pem]]);
  const known = mirrors.filter(({ usesPrivateCa }) => usesPrivateCa);
  const programs = await programsOf(tree);
  const uses = async (folder: string, names: readonly string[]): Promise<boolean> =>
    names.some((name) => programs.has(name)) || (await tree.isDirectory(`/etc/${folder}`));
  for (const [folder, names] of Object.entries(registryClients)) {
    if (!(await uses(folder, names))) continue;
    for (const { authority } of known) files.set(`/etc/${folder}/certs.d/${authority}/ca.crt`, pem);
  }
  if (await uses('containerd', ['containerd'])) {
    for (const mirror of known) await addHosts(tree, mirror, files);
  }
  return files;
}

/** What others wrote is not ours to change. */
async function addHosts(
  tree: RootTree,
  mirror: MirrorAccess,
  files: Map<string, string>,
): Promise<void> {
  const { path, content } = hostsFile(mirror, '/etc/containerd/certs.d');
  const present = await tree.read(path);
  if (present === undefined || /^#.*mirrorgate/.test(present.toString())) files.set(path, content);
}

/** Programs that read roots below their folder in /etc. */
const registryClients: Readonly<Record<string, readonly string[]>> = {
  docker: ['dockerd', 'docker'],
  containers: ['podman', 'skopeo', 'buildah', 'crio'],
};

const programFolders = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
];

async function programsOf(tree: RootTree): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for (const folder of programFolders) for (const name of await tree.list(folder)) names.add(name);
  return names;
}
