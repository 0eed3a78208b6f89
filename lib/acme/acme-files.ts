/** Accounts and issuance records under `certificates.directory`, each file 0600 and swapped whole. */
import { readFile } from 'node:fs/promises';
import { claimCertsDirectory, accountPaths, issuancePath } from '../certificates/certs-layout.ts';
import {
  readGeneration,
  replaceGeneration,
  sweepTemporaries,
} from '../certificates/generations.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { writeFileAtomically } from '../files/atomic-file.ts';
import { checkPrivateFile, ensurePrivateDirectory } from '../files/private-tree.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import { accountText, parseAccount, type AccountRecord } from './account-record.ts';
import { caName, isSameSet, setName } from './identifiers.ts';
import { parseRecord, recordText, type IssuanceRecord } from './issuance-record.ts';

/** Where the state of ACME outlives the process. */
export interface AcmeStore {
  /** Undefined where there has been none. */
  loadAccount(directoryUrl: string): Promise<AccountRecord | undefined>;
  saveAccount(account: AccountRecord): Promise<void>;
  /** Undefined where there is none, or none that is whole. */
  loadRecord(names: readonly string[]): Promise<IssuanceRecord | undefined>;
  saveRecord(record: IssuanceRecord): Promise<void>;
}

export interface AcmeFilesOptions {
  /** `certificates.directory`. */
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Its methods reject with `MIRRORGATE_ACME_STORE` where the disk refuses,
 * `MIRRORGATE_ACME_ACCOUNT` where an account is damaged (an account is never made anew in its
 * place), `MIRRORGATE_FILES_PERMISSIONS`, `MIRRORGATE_FILES_DIRECTORY`.
 */
export function acmeFiles({ directory, clock, logger }: AcmeFilesOptions): AcmeStore {
  const prepare = async (folder: string): Promise<void> => {
    await claimCertsDirectory(directory);
    await ensurePrivateDirectory(folder);
    await sweepTemporaries(folder, clock);
  };
  return {
    async loadAccount(directoryUrl) {
      const paths = accountPaths(directory, caName(directoryUrl));
      const result = await readGeneration(paths, parseAccount);
      switch (result.kind) {
        case 'absent':
          return undefined;
        case 'found':
          for (const { path, error } of result.damaged) {
            logger.warn('ACME account damaged', { path, ...errorFields(error) });
          }
          return result.value;
        case 'damaged':
          throw new MirrorgateError(
            'MIRRORGATE_ACME_ACCOUNT',
            `the ACME account in ${paths.directory} is damaged`,
            {
              cause: result.damaged[0]?.error,
              hint: `restore ${paths.current} from a backup, or remove the folder: a new account is then registered`,
            },
          );
      }
    },

    async saveAccount(account) {
      const paths = accountPaths(directory, caName(account.directory));
      await writing(paths.current, async () => {
        await prepare(paths.directory);
        await replaceGeneration(paths, accountText(account), parseAccount);
      });
    },

    async loadRecord(names) {
      const path = issuancePath(directory, setName(names)).file;
      if (!(await checkPrivateFile(path))) return undefined;
      try {
        const record = parseRecord(await readFile(path, 'utf8'));
        if (!isSameSet(record.names, names)) throw new Error('it is about other names');
        return record;
      } catch (error) {
        logger.warn('ACME record damaged', { path, ...errorFields(error) });
        return undefined;
      }
    },

    async saveRecord(record) {
      const { directory: folder, file } = issuancePath(directory, setName(record.names));
      await writing(file, async () => {
        await prepare(folder);
        await writeFileAtomically(file, recordText(record));
      });
    },
  };
}

async function writing(path: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (cause) {
    if (cause instanceof MirrorgateError) throw cause;
    throw new MirrorgateError('MIRRORGATE_ACME_STORE', `cannot write ${path}`, {
      cause,
      hint: 'check that the disk is not full and that the folder is writable',
    });
  }
}
