/** What `ca inject` works on, as it is named on the command line. */
import { resolve } from 'node:path';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';

export type InjectionTarget =
  | { readonly kind: 'dir' | 'image' | 'cloud-init' | 'mmds'; readonly path: string }
  | { readonly kind: 'ssh'; readonly host: string; readonly port: number | undefined };

/** What was done to a target, or would be. */
export interface Change {
  readonly action: 'write' | 'remove' | 'run';
  /** A path as the machine in the target sees it, or what is run there. */
  readonly what: string;
}

const fileKinds = ['dir', 'image', 'cloud-init', 'mmds'] as const;

/** @throws MirrorgateError `MIRRORGATE_INJECT_ARGUMENT` */
export function parseInjectionTarget(text: string): InjectionTarget {
  const [, prefix = '', rest = ''] = /^([a-z-]+):(.+)$/s.exec(text) ?? [];
  const kind = fileKinds.find((known) => known === prefix);
  if (kind !== undefined) return { kind, path: resolve(rest) };
  if (prefix === 'ssh') return parseHost(rest);
  throw argumentError(`"${text}" is no target`);
}

/** A host that began with a hyphen would be an option of ssh(1). */
function parseHost(text: string): InjectionTarget {
  const match = /^((?:[\w.-]+@)?(?:[A-Za-z0-9][\w.-]*|\[[0-9A-Fa-f:.]+\]))(?::([0-9]{1,5}))?$/.exec(
    text,
  );
  const port = match?.[2] === undefined ? undefined : Number(match[2]);
  if (match === null || text.startsWith('-') || (port ?? 1) < 1 || (port ?? 1) > 65_535) {
    throw argumentError(`"${text}" is no host for ssh`);
  }
  return { kind: 'ssh', host: (match[1] ?? '').replace(/[[\]]/g, ''), port };
}

function argumentError(message: string): MirrorgateError {
  return new MirrorgateError('MIRRORGATE_INJECT_ARGUMENT', message, {
    hint: 'write dir:FOLDER, image:FILE, cloud-init:FILE, mmds:FILE or ssh:USER@HOST',
  });
}
