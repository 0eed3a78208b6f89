/** The allow-list of a configuration, read and held against what it guards. */
import type { AllowListData } from '../access/allow-list.ts';
import { readAllowList } from '../access/allow-list-file.ts';
import type { Configuration } from '../config/configuration.ts';
import { ConfigurationError } from '../config/problems.ts';
import { knownNames } from './reload.ts';

/**
 * As {@link readAllowList}. Who gives a mirror credentials says who may use them, before it serves:
 * an empty list is more often a mistake about the file than a wish.
 * @throws ConfigurationError
 */
export async function readGuardedAllowList(
  configuration: Configuration,
  onRangeFile?: (path: string) => void,
): Promise<AllowListData> {
  const { allowListFile: file, mirrors, clientCertificates } = configuration;
  const allowList = await readAllowList(file, {
    knownNames: knownNames(configuration),
    ...(onRangeFile === undefined ? {} : { onRangeFile }),
  });
  if (allowList.certificates.length > 0 && clientCertificates === undefined) throw ignored(file);
  const guarded = mirrors.filter(({ credentials }) => credentials !== undefined);
  const isEmpty = allowList.entries.length + allowList.certificates.length === 0;
  if (!isEmpty || guarded.length === 0) return allowList;
  const names = guarded.map(({ name }) => name).join(', ');
  throw new ConfigurationError([
    {
      file,
      key: 'allow',
      message: `is empty, and mirrors have credentials: ${names}`,
      fix: 'say who may pull with them: mirrorgate allow add CIDR',
    },
  ]);
}

function ignored(file: string): ConfigurationError {
  return new ConfigurationError([
    {
      file,
      key: 'certificates',
      message: 'names client certificates, and the gate asks for none',
      fix: 'write "clientCertificates: {ca: private-ca}" into mirrorgate.yaml',
    },
  ]);
}
