/** `ca inject`: one verb for every kind of target. */
import { stat } from 'node:fs/promises';
import { assertNever } from '../errors/assert-never.ts';
import { isMissing, readFileIfPresent, writeFileAtomically } from '../files/atomic-file.ts';
import { editUserData } from './cloud-init-file.ts';
import { DirectoryTree } from './directory-tree.ts';
import { withImageTree, type ImageAccess } from './image-tree.ts';
import { fileError } from './inject-error.ts';
import { editMmds } from './mmds-document.ts';
import { planInjection, type Injection } from './root-injection.ts';
import type { RootTree } from './root-tree.ts';
import { injectOverSsh } from './ssh-host.ts';
import { withTargetLock } from './target-lock.ts';
import type { Change, InjectionTarget } from './target.ts';

export interface InjectionOptions extends Injection {
  /** Tells what would change, and changes nothing. */
  readonly isDryRun: boolean;
  /** How an image is reached; `auto` unless told. */
  readonly imageAccess?: ImageAccess;
}

/**
 * Makes `target` trust what is in the bundle, and no longer what was retired.
 * Returns what changed; nothing where it was so already.
 * @throws MirrorgateError `MIRRORGATE_INJECT_*`
 */
export async function inject(
  target: InjectionTarget,
  options: InjectionOptions,
): Promise<Change[]> {
  return await withTargetLock(target, () => injectUnlocked(target, options));
}

async function injectUnlocked(
  target: InjectionTarget,
  options: InjectionOptions,
): Promise<Change[]> {
  switch (target.kind) {
    case 'dir':
      return await injectTree(await DirectoryTree.open(target.path), options);
    case 'image':
      return await withImageTree(target.path, options.imageAccess ?? 'auto', (tree) =>
        injectTree(tree, options),
      );
    case 'cloud-init':
      return await injectFile(target.path, (text) => editUserData(text, options), options);
    case 'mmds':
      return await injectFile(target.path, (text) => editMmds(text, options.bundle), options);
    case 'ssh':
      return options.isDryRun
        ? [{ action: 'run', what: `install.sh on ${target.host}` }]
        : await injectOverSsh(target, options);
    default:
      return assertNever(target);
  }
}

async function injectTree(tree: RootTree, options: InjectionOptions): Promise<Change[]> {
  const edits = await planInjection(tree, options);
  if (!options.isDryRun) await tree.apply(edits);
  const finals = new Map(edits.map(({ kind, path }) => [path, kind]));
  return [...finals].map(([what, action]) => ({ action, what }));
}

async function injectFile(
  path: string,
  edit: (text: string) => string,
  { isDryRun }: InjectionOptions,
): Promise<Change[]> {
  try {
    const before = (await readFileIfPresent(path))?.toString() ?? '';
    const after = edit(before);
    if (after === before) return [];
    if (!isDryRun) await writeFileAtomically(path, after, { mode: await modeOf(path) });
    return [{ action: 'write', what: path }];
  } catch (error) {
    throw fileError('file', path, error);
  }
}

/** A file that is there keeps who may read it. */
async function modeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).mode & 0o777;
  } catch (error) {
    if (isMissing(error)) return 0o644;
    throw error;
  }
}
