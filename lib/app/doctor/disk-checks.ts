/** Directories that are ours alone and can be written, room for the cache, certificates that fit. */
import { constants } from 'node:fs';
import { access, lstat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { filesIssuer } from '../../certificates/files-issuer.ts';
import { sizeText } from '../../config/quantities.ts';
import type { FreeSpace } from '../../config/scalars.ts';
import { errorMessage, MirrorgateError } from '../../errors/mirrorgate-error.ts';
import { directoryFacts } from '../../files/private-tree.ts';
import { isMissing } from '../../files/atomic-file.ts';
import { systemClock } from '../../time/clock.ts';
import { readGuardedAllowList } from '../guarded-allow-list.ts';
import { finding, type Check, type DoctorFinding, type Examination } from './finding.ts';

export const checkDirectories: Check = async ({ configuration }) => {
  const { certificates, stateDirectory, cache } = configuration;
  return await Promise.all([
    checkDirectory(certificates.directory, 'certificates.directory'),
    checkDirectory(stateDirectory, 'state.directory'),
    checkDirectory(cache.directory, 'cache.directory'),
  ]);
};

async function checkDirectory(path: string, key: string): Promise<DoctorFinding> {
  const subject = `${key} ${path}`;
  try {
    const facts = await directoryFacts(path);
    if (!facts.isDirectory()) {
      return finding('directory', subject, ['failed', 'is no directory', `correct ${key}`]);
    }
    const uid = process.getuid?.() ?? facts.uid;
    if (facts.uid !== uid && uid !== 0) {
      const hint = 'run as the user who owns it, or chown it';
      return finding('directory', subject, ['failed', `belongs to user ${facts.uid}`, hint]);
    }
    if ((facts.mode & 0o077) !== 0) {
      const mode = (facts.mode & 0o777).toString(8);
      return finding('directory', subject, ['failed', `has mode ${mode}`, `chmod 700 ${path}`]);
    }
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return finding('directory', subject, ['ok', 'is ours alone and can be written']);
  } catch (error) {
    if (!isMissing(error)) {
      return finding('directory', subject, ['failed', errorMessage(error), `chmod 700 ${path}`]);
    }
    return await checkParent(path, subject);
  }
}

async function checkParent(path: string, subject: string): Promise<DoctorFinding> {
  const parent = await nearestFolder(path);
  try {
    await access(parent, constants.W_OK | constants.X_OK);
    return finding('directory', subject, ['ok', 'is not there yet and will be made']);
  } catch (error) {
    const hint = `make it for the user who runs the gate, with mode 700`;
    return finding('directory', subject, [
      'failed',
      `cannot be made: ${errorMessage(error)}`,
      hint,
    ]);
  }
}

/** The path itself, or the first folder above it that is there. */
async function nearestFolder(path: string): Promise<string> {
  for (let folder = path; folder !== dirname(folder); folder = dirname(folder)) {
    try {
      await lstat(folder);
      return folder;
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  return '/';
}

export const checkDiskSpace: Check = async ({ configuration: { cache } }) => {
  const { bavail, blocks, bsize } = await statfs(await nearestFolder(cache.directory));
  const [free, total] = [bavail * bsize, blocks * bsize];
  const floor = floorBytes(cache.minFree, total);
  const subject = `cache ${cache.directory}`;
  const text = `${sizeText(free)} of ${sizeText(total)} free`;
  if (free < floor) {
    const hint = 'make room, or lower cache.minFree: until then nothing new is kept';
    return [finding('disk', subject, ['failed', `${text}, less than cache.minFree`, hint])];
  }
  if (cache.maxSizeBytes !== undefined && cache.maxSizeBytes > total - floor) {
    const hint = 'cache.minFree will bound the cache; lower cache.maxSize to what the disk has';
    return [
      finding('disk', subject, ['warning', `${text}, less than cache.maxSize can use`, hint]),
    ];
  }
  return [finding('disk', subject, ['ok', text])];
};

function floorBytes(minFree: FreeSpace, totalBytes: number): number {
  return 'share' in minFree ? minFree.share * totalBytes : minFree.bytes;
}

export const checkAllowList: Check = async ({ configuration, now }) => {
  const { allowListFile } = configuration;
  try {
    const { entries } = await readGuardedAllowList(configuration);
    const valid = entries.filter(({ expires }) => expires === undefined || expires > now);
    if (valid.length === 0) {
      const hint = 'add who may pull: mirrorgate allow add CIDR';
      return [finding('allow-list', allowListFile, ['warning', 'lets nobody in', hint])];
    }
    const text = `lets in ${valid.length} of ${entries.length} entries`;
    return [finding('allow-list', allowListFile, ['ok', text])];
  } catch (error) {
    return [finding('allow-list', allowListFile, ['failed', errorMessage(error), hintOf(error)])];
  }
};

/** Certificates that operators put into files. Those that the gate makes are its own to watch. */
export const checkCertificateFiles: Check = async ({ configuration }: Examination) => {
  const { certificates, sites } = configuration;
  const issuer = filesIssuer({ files: certificates.files, clock: systemClock });
  const wanted = sites.filter((site) => site.issuer === 'files');
  return await Promise.all(
    wanted.map(async ({ name, hosts }) => {
      try {
        await issuer.issue(hosts, AbortSignal.timeout(10_000));
        return finding('certificate', name, ['ok', `a pair covers ${hosts.join(', ')}`]);
      } catch (error) {
        return finding('certificate', name, ['failed', errorMessage(error), hintOf(error)]);
      }
    }),
  );
};

function hintOf(error: unknown): string {
  const hint = error instanceof MirrorgateError ? error.hint : undefined;
  return hint ?? 'see mirrorgate check';
}
