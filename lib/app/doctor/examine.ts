/** All that `doctor` looks at. It changes nothing, and a check that breaks is itself a finding. */
import { errorMessage } from '../../errors/mirrorgate-error.ts';
import { checkAcme } from './acme-hosts.ts';
import {
  checkAllowList,
  checkCertificateFiles,
  checkDirectories,
  checkDiskSpace,
} from './disk-checks.ts';
import { checkPrivateCa } from './private-ca-checks.ts';
import { finding, type Check, type DoctorFinding, type Examination } from './finding.ts';
import { checkNames, checkPorts, checkUpstreams } from './network-checks.ts';

/** In the order in which they are told. */
const checks: ReadonlyMap<string, Check> = new Map([
  ['port', checkPorts],
  ['dns', checkNames],
  ['directory', checkDirectories],
  ['disk', checkDiskSpace],
  ['allow-list', checkAllowList],
  ['certificate', checkCertificateFiles],
  ['private-ca', checkPrivateCa],
  ['upstream', checkUpstreams],
  ['acme', checkAcme],
]);

export async function examine(examination: Examination): Promise<DoctorFinding[]> {
  const told = await Promise.all(
    [...checks].map(async ([name, check]) => {
      try {
        return await check(examination);
      } catch (error) {
        return [finding(name, 'the check itself', ['failed', errorMessage(error)])];
      }
    }),
  );
  return told.flat();
}
