/**
 * Makes a root file system trust the roots of a bundle, and no others of the same CA. The edits
 * stand in an order that a run can break off after any of them: what is ours is recorded before it
 * is written, and a retired root is known until nothing holds it any more.
 */
import { removeCertificates, splitCertificates } from './pem-bundle.ts';
import { installedRecord, injectedRecord, rootFiles, type RootFiles } from './root-files.ts';
import type { Edit, RootTree } from './root-tree.ts';
import { findSystemTrust, type SystemTrust } from './system-trust.ts';
import type { Bundle } from '../ca/bundle.ts';
import type { GateAccess } from '../clients/gate-access.ts';

export interface Injection {
  readonly bundle: Bundle;
  readonly access: GateAccess;
}

/**
 * The edits that are needed; none where the tree is as it is to be.
 * @throws MirrorgateError `MIRRORGATE_INJECT_*`
 */
export async function planInjection(tree: RootTree, injection: Injection): Promise<Edit[]> {
  const system = await findSystemTrust(tree);
  const files = await rootFiles(tree, { ...injection, system });
  const [installed, injected] = [
    await recorded(tree, installedRecord),
    await recorded(tree, injectedRecord),
  ];
  const kept = [...files.anchors.keys(), ...files.tools.keys(), ...files.settings.keys()];
  // A follower that install.sh set up stays.
  const followers = installed.filter((path) => /mirrorgate-trust(\.\w+)?$/.test(path));
  const wantedInstalled = [...kept, ...followers];
  const stale = [...installed, ...injected].filter(
    (path) => !wantedInstalled.includes(path) && !files.hashed.has(path),
  );
  const record = (path: string, lines: readonly string[]): [string, string] => [
    path,
    [...new Set(lines)]
      .sort()
      .map((line) => `${line}\n`)
      .join(''),
  ];
  const wanted: readonly (readonly [string, string])[] = [
    record(installedRecord, [...installed, ...wantedInstalled]),
    record(injectedRecord, [...injected, ...files.hashed.keys()]),
    ...files.anchors,
    ...files.hashed,
    [system.bundle, await systemBundle(tree, { system, files, installed })],
    ...files.tools,
    ...files.settings,
  ];
  const writes = await differing(tree, wanted);
  const removals: Edit[] = [];
  for (const path of new Set(stale)) {
    if ((await tree.read(path)) !== undefined) removals.push({ kind: 'remove', path });
  }
  const last = [
    record(installedRecord, wantedInstalled),
    record(injectedRecord, [...files.hashed.keys()]),
  ];
  const settled = isSettled(writes, removals) ? await differing(tree, last) : last.map(asWrite);
  return [...writes, ...removals, ...settled];
}

/** Whether the records are all that is left to be done. */
function isSettled(writes: readonly Edit[], removals: readonly Edit[]): boolean {
  const records: readonly string[] = [installedRecord, injectedRecord];
  return removals.length === 0 && writes.every(({ path }) => records.includes(path));
}

function asWrite([path, text]: readonly [string, string]): Edit {
  return { kind: 'write', path, content: Buffer.from(text) };
}

async function differing(
  tree: RootTree,
  wanted: readonly (readonly [string, string])[],
): Promise<Edit[]> {
  const edits: Edit[] = [];
  for (const entry of wanted) {
    const edit = asWrite(entry);
    const present = await tree.read(edit.path);
    if (edit.kind === 'write' && present?.equals(edit.content) !== true) edits.push(edit);
  }
  return edits;
}

async function recorded(tree: RootTree, path: string): Promise<string[]> {
  const text = (await tree.read(path))?.toString() ?? '';
  // A path that leads elsewhere was not written by us, whatever the record says.
  return text.split('\n').filter((line) => line.startsWith('/') && !line.includes('/../'));
}

interface BundleParts {
  readonly system: SystemTrust;
  readonly files: RootFiles;
  readonly installed: readonly string[];
}

/**
 * The system's bundle without what was retired, and with what is to be there now. What the system's
 * own tool has put into it stays where it is.
 */
async function systemBundle(
  tree: RootTree,
  { system, files, installed }: BundleParts,
): Promise<string> {
  const wanted = [...files.anchors.values()];
  const former: string[] = [];
  for (const path of installed.filter((one) => one.startsWith(`${system.anchors}/`))) {
    const text = (await tree.read(path))?.toString() ?? '';
    former.push(...splitCertificates(text));
  }
  const present = (await tree.read(system.bundle))?.toString() ?? '';
  const retired = former.filter((pem) => !wanted.includes(pem));
  const kept = removeCertificates(present, retired);
  const missing = wanted.filter((pem) => removeCertificates(kept, [pem]) === kept);
  const gap = kept === '' || kept.endsWith('\n') ? '' : '\n';
  return missing.length === 0 ? kept : `${kept}${gap}${missing.join('')}`;
}
