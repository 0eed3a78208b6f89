/** The issuer for hosts whose certificates the operator puts into files. It makes none. */
import { readFile, realpath } from 'node:fs/promises';
import { errorMessage, MirrorgateError } from '../errors/mirrorgate-error.ts';
import { checkPrivateFile } from '../files/private-tree.ts';
import type { HostName } from '../net/host-name.ts';
import type { Clock } from '../time/clock.ts';
import { checkCertifiedKey, coversName, matchedLeaf, parseChain } from './certificate-facts.ts';
import type { CertifiedKey, Issuer } from './issuer.ts';
import { parseCertifiedKey } from './pem.ts';

/** Paths of a PEM chain, leaf first, and of its private key. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

export interface FilesIssuerOptions {
  readonly files: readonly CertificateFiles[];
  readonly clock: Clock;
}

const atOnce = new Date(0);

/**
 * Gives the pair that covers all names; of several the one that lasts longest. It is due as soon
 * as the files hold another pair.
 * Rejects with `MIRRORGATE_CERTIFICATE_FILES` (a pair unreadable, mismatched or out of date),
 * `MIRRORGATE_CERTIFICATE_NO_FILES` (no pair covers the names), `MIRRORGATE_FILES_PERMISSIONS`.
 */
export function filesIssuer({ files, clock }: FilesIssuerOptions): Issuer {
  return {
    async issue(names, signal) {
      signal.throwIfAborted();
      return await pick(files, names, clock.now());
    },
    async dueAt(held, names) {
      const wanted = await pick(files, names, clock.now());
      const same = held.chainPem === wanted.chainPem && held.privateKeyPem === wanted.privateKeyPem;
      return same ? parseChain(held.chainPem)[0].validToDate : atOnce;
    },
  };
}

async function pick(
  files: readonly CertificateFiles[],
  names: readonly HostName[],
  now: Date,
): Promise<CertifiedKey> {
  const usable: { readonly certifiedKey: CertifiedKey; readonly notAfter: Date }[] = [];
  const broken: unknown[] = [];
  for (const pair of files) {
    try {
      const certifiedKey = await readPair(pair);
      const [leaf] = parseChain(certifiedKey.chainPem);
      if (!names.every((name) => coversName(leaf, name))) continue;
      const { notAfter } = naming(pair, () => checkCertifiedKey(certifiedKey, names, now));
      usable.push({ certifiedKey, notAfter });
    } catch (error) {
      broken.push(error);
    }
  }
  const [best] = usable.sort((a, b) => b.notAfter.getTime() - a.notAfter.getTime());
  if (best !== undefined) return best.certifiedKey;
  if (broken.length > 0) throw broken[0];
  throw new MirrorgateError(
    'MIRRORGATE_CERTIFICATE_NO_FILES',
    `no certificate in certificates.files covers ${names.join(', ')}`,
    { hint: 'name one there that is for all of these names, or use another issuer for the host' },
  );
}

/** Key and chain as the keeper holds them, the key shown to belong to the leaf. */
async function readPair(pair: CertificateFiles): Promise<CertifiedKey> {
  const chain = await readNamed(pair.certificate, readText);
  const key = await readNamed(pair.key, readPrivateText);
  return naming(pair, () => {
    const certifiedKey = parseCertifiedKey(chain, key);
    matchedLeaf(certifiedKey);
    return certifiedKey;
  });
}

async function readText(path: string): Promise<string> {
  return await readFile(path, 'utf8');
}

/** Key files are often links (certbot, Kubernetes): what they lead to must be private. */
async function readPrivateText(path: string): Promise<string> {
  const target = await realpath(path);
  await checkPrivateFile(target);
  return await readText(target);
}

async function readNamed(path: string, read: (path: string) => Promise<string>): Promise<string> {
  try {
    return await read(path);
  } catch (cause) {
    if (cause instanceof MirrorgateError) throw cause;
    throw new MirrorgateError('MIRRORGATE_CERTIFICATE_FILES', `cannot read ${path}`, {
      cause,
      hint: 'correct the path under certificates.files, or let this process read the file',
    });
  }
}

function naming<T>({ certificate, key }: CertificateFiles, check: () => T): T {
  try {
    return check();
  } catch (cause) {
    const hint = cause instanceof MirrorgateError ? cause.hint : undefined;
    throw new MirrorgateError(
      'MIRRORGATE_CERTIFICATE_FILES',
      `${certificate} with ${key} cannot serve: ${errorMessage(cause)}`,
      { cause, ...(hint === undefined ? {} : { hint }) },
    );
  }
}
