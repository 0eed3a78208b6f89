/** What the files tell of the certificates while no gate runs. */
import { acmeFiles } from '../acme/acme-files.ts';
import { certificateNames } from '../acme/identifiers.ts';
import { emptyRecord } from '../acme/issuance-record.ts';
import { dueAtByRecord, outlookOf } from '../acme/record-outlook.ts';
import { certificateFacts, parseChain } from '../certificates/certificate-facts.ts';
import type { CertificateReport } from '../certificates/certificate-keeper.ts';
import { fileCertificateStore } from '../certificates/certificate-store.ts';
import type { Configuration, Site } from '../config/configuration.ts';
import { createLogger } from '../telemetry/logger.ts';
import { systemClock } from '../time/clock.ts';

export async function storedCertificates({
  certificates: { directory, acme },
  sites,
}: Configuration): Promise<readonly CertificateReport[]> {
  const logger = createLogger({ level: 'warn', format: 'text', process: 'mirrorgate' });
  const options = { directory, clock: systemClock, logger };
  const store = fileCertificateStore(options);
  const records = acmeFiles(options);
  const recordOf = async ({ hosts, issuer }: Site) => {
    if (issuer !== 'acme') return undefined;
    const names = certificateNames(hosts, acme?.wildcards);
    return (await records.loadRecord(names)) ?? emptyRecord(names);
  };
  return await Promise.all(
    sites.map(async (site) => {
      const { name, hosts, issuer } = site;
      const [held, record] = await Promise.all([store.load(name, issuer), recordOf(site)]);
      const leaf = held && parseChain(held.chainPem)[0];
      const facts = leaf && certificateFacts(leaf);
      return {
        site: name,
        names: hosts,
        issuer,
        issuedBy: facts?.issuer,
        serial: facts?.serial,
        notBefore: facts?.notBefore,
        notAfter: facts?.notAfter,
        dueAt: leaf && record && dueAtByRecord(leaf, record),
        nextCheckAt: undefined,
        lastError: undefined,
        outlook: record && outlookOf(record),
      };
    }),
  );
}
