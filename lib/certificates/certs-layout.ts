/**
 * The tree under `certificates.directory`, layout version 1: `ca/` (the private CA),
 * `sites/SITE/ISSUER.pem` (what is served), `acme/` (accounts and what is under way at CAs),
 * `trust/bundle.pem` (what clients trust). All path arithmetic for it stands here.
 */
import { join } from 'node:path';
import type { IssuerName } from '../config/configuration.ts';
import { claimPrivateDirectory } from '../files/private-tree.ts';

/** A file and the generation before it, side by side. */
export interface GenerationPaths {
  readonly directory: string;
  readonly current: string;
  readonly previous: string;
}

/** Every root of the private CA with its key. */
export function authorityPaths(certsDirectory: string): GenerationPaths {
  return generationPaths(join(certsDirectory, 'ca'), 'authority', 'json');
}

/**
 * What `issuer` made for the site. Issuers do not share a file: after a change there and back,
 * what the first one made is still there, and need not be ordered again.
 */
export function sitePaths(
  certsDirectory: string,
  site: string,
  issuer: IssuerName,
): GenerationPaths {
  return generationPaths(join(certsDirectory, 'sites', site), issuer, 'pem');
}

/** The account at the CA of this name, with its key. */
export function accountPaths(certsDirectory: string, ca: string): GenerationPaths {
  return generationPaths(join(certsDirectory, 'acme', 'accounts', ca), 'account', 'json');
}

/** What is remembered of the issuance for one set of names; sites that share it share the file. */
export function issuancePath(
  certsDirectory: string,
  names: string,
): { readonly directory: string; readonly file: string } {
  const directory = join(certsDirectory, 'acme', 'issuances');
  return { directory, file: join(directory, `${names}.json`) };
}

/** The roots to trust, for anyone to read. */
export function bundlePath(certsDirectory: string): string {
  return join(certsDirectory, 'trust', 'bundle.pem');
}

/**
 * Makes the tree's top as 0700. One that came out of version control with looser permissions is
 * tightened while nothing else lies in it.
 * @throws MirrorgateError `MIRRORGATE_FILES_PERMISSIONS`, `MIRRORGATE_FILES_DIRECTORY`
 */
export async function claimCertsDirectory(certsDirectory: string): Promise<void> {
  const committed = new Set(['README.md', '.gitignore']);
  await claimPrivateDirectory(certsDirectory, (names) =>
    names.every((name) => committed.has(name)),
  );
}

function generationPaths(directory: string, name: string, extension: string): GenerationPaths {
  return {
    directory,
    current: join(directory, `${name}.${extension}`),
    previous: join(directory, `${name}.previous.${extension}`),
  };
}
