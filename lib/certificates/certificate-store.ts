/**
 * Where the keeper's certificates outlive the process: per site and issuer one PEM file with key
 * and chain, swapped whole. A damaged file is never handed out.
 */
import type { IssuerName } from '../config/configuration.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { ensurePrivateDirectory } from '../files/private-tree.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import { matchedLeaf } from './certificate-facts.ts';
import { claimCertsDirectory, sitePaths } from './certs-layout.ts';
import { readGeneration, replaceGeneration, sweepTemporaries } from './generations.ts';
import type { CertifiedKey } from './issuer.ts';
import { certifiedKeyText, parseCertifiedKey } from './pem.ts';

/** Keeps one {@link CertifiedKey} for each pair of site and issuer. */
export interface CertificateStore {
  /**
   * The newest one that is whole: its key belongs to its leaf. Names and dates are the caller's
   * matter. Undefined where there is none.
   */
  load(site: string, issuer: IssuerName): Promise<CertifiedKey | undefined>;
  /** Replaces it in one step. After a rejection the one before it still stands. */
  save(site: string, issuer: IssuerName, certifiedKey: CertifiedKey): Promise<void>;
}

export interface FileCertificateStoreOptions {
  /** `certificates.directory`. */
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The store in `certificates.directory`; see {@link sitePaths}.
 * Its methods reject with `MIRRORGATE_FILES_PERMISSIONS` where others can read a key,
 * `MIRRORGATE_FILES_DIRECTORY` and `MIRRORGATE_CERTIFICATE_STORE` where the disk refuses.
 */
export function fileCertificateStore(options: FileCertificateStoreOptions): CertificateStore {
  const { directory, clock, logger } = options;
  return {
    async load(site, issuer) {
      const paths = sitePaths(directory, site, issuer);
      const result = await readGeneration(paths, parseWhole);
      if (result.kind === 'absent') return undefined;
      for (const { path, error } of result.damaged) {
        logger.warn('stored certificate damaged', { path, ...errorFields(error) });
      }
      return result.kind === 'found' ? result.value : undefined;
    },

    async save(site, issuer, certifiedKey) {
      const paths = sitePaths(directory, site, issuer);
      await claimCertsDirectory(directory);
      await ensurePrivateDirectory(paths.directory);
      try {
        await sweepTemporaries(paths.directory, clock);
        await replaceGeneration(paths, certifiedKeyText(certifiedKey), parseWhole);
      } catch (cause) {
        throw new MirrorgateError(
          'MIRRORGATE_CERTIFICATE_STORE',
          `cannot write the certificate of ${site} to ${paths.current}`,
          { cause, hint: 'check that the disk is not full and that the folder is writable' },
        );
      }
    },
  };
}

function parseWhole(text: string): CertifiedKey {
  const certifiedKey = parseCertifiedKey(text, text);
  matchedLeaf(certifiedKey);
  return certifiedKey;
}
