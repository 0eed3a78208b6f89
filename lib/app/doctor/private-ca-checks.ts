/** A private CA whose root is kept elsewhere: whether that has to be brought soon. */
import { readAuthority } from '../../ca/authority-file.ts';
import { rootFacts, type RootFacts } from '../../ca/root-facts.ts';
import { createLogger } from '../../telemetry/logger.ts';
import { finding, type Check, type DoctorFinding } from './finding.ts';

export const checkPrivateCa: Check = async ({ configuration, now }) => {
  const { certificates, sites } = configuration;
  if (!sites.some(({ issuer }) => issuer === 'private-ca')) return [];
  const logger = createLogger({ level: 'error', format: 'text', process: 'mirrorgate' });
  const state = await readAuthority(certificates.directory, logger);
  return (state?.roots ?? []).map(rootFacts).flatMap((root) => checkIntermediate(root, now));
};

function checkIntermediate({ state, intermediate }: RootFacts, now: Date): DoctorFinding[] {
  if (intermediate === undefined || state === 'retiring') return [];
  const { notAfter, dueAt } = intermediate;
  const subject = `intermediate of the ${state} root`;
  const end = notAfter.toISOString();
  const hint = 'present the root: mirrorgate ca renew --offline-root DIR';
  if (now >= notAfter) {
    return [
      finding('private-ca', subject, ['failed', `expired at ${end}: nothing is signed`, hint]),
    ];
  }
  if (now >= dueAt) return [finding('private-ca', subject, ['warning', `expires at ${end}`, hint])];
  return [finding('private-ca', subject, ['ok', `is good until ${end}`])];
}
