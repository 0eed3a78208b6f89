/**
 * A certificate for a server that is not behind the gate, as two PEM files that every server
 * reads. Only files with our mark in their first line are ever replaced.
 */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { readFileIfPresent, writeFileAtomically } from '../files/atomic-file.ts';
import type { CertifiedKey } from './issuer.ts';

/** PEM readers pass over what stands outside the blocks (RFC 7468 §2). */
const mark = '# made by mirrorgate ca issue\n';

export interface IssuedFiles {
  /** The leaf first, for anyone to read. */
  readonly chain: string;
  /** 0600 */
  readonly key: string;
}

/** Where a certificate for `name` goes below `directory`. */
export function issuedFiles(directory: string, name: string): IssuedFiles {
  const base = join(directory, name.replaceAll(':', '-'));
  return { chain: `${base}.pem`, key: `${base}.key.pem` };
}

/** Where one for the client `name` goes: as docker and podman want it in a folder of certs.d. */
export function issuedClientFiles(directory: string, name: string): IssuedFiles {
  const base = join(directory, name);
  return { chain: `${base}.cert`, key: `${base}.key` };
}

/**
 * Throws where a file of somebody else stands in the way.
 * @throws MirrorgateError `MIRRORGATE_CERTIFICATE_OCCUPIED`
 */
export async function assertReplaceable({ chain, key }: IssuedFiles): Promise<void> {
  for (const path of [chain, key]) {
    const present = await readFileIfPresent(path);
    if (present === undefined || present.toString().startsWith(mark)) continue;
    throw new MirrorgateError(
      'MIRRORGATE_CERTIFICATE_OCCUPIED',
      `${path} is there, and was not made by mirrorgate ca issue`,
      { hint: 'move it away, or name another folder: --out DIR' },
    );
  }
}

/**
 * Writes both, the key first: who reads in between finds a chain without its key at worst, and
 * another run mends it.
 * @throws MirrorgateError `MIRRORGATE_CERTIFICATE_WRITE`
 */
export async function writeIssued(
  { chain, key }: IssuedFiles,
  { chainPem, privateKeyPem }: CertifiedKey,
): Promise<void> {
  const directory = dirname(chain);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeFileAtomically(key, mark + privateKeyPem);
    await writeFileAtomically(chain, mark + chainPem, { mode: 0o644 });
  } catch (cause) {
    throw new MirrorgateError(
      'MIRRORGATE_CERTIFICATE_WRITE',
      `cannot write the certificate below ${directory}`,
      { cause, hint: 'check that the disk is not full and that the folder is writable' },
    );
  }
}
