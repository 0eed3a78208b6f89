/** What the files tell of the certificates while no gate runs. */
import { certificateFacts, parseChain } from '../certificates/certificate-facts.ts';
import type { CertificateReport } from '../certificates/certificate-keeper.ts';
import { fileCertificateStore } from '../certificates/certificate-store.ts';
import type { Configuration } from '../config/configuration.ts';
import { createLogger } from '../telemetry/logger.ts';
import { systemClock } from '../time/clock.ts';

export async function storedCertificates({
  certificates: { directory },
  sites,
}: Configuration): Promise<readonly CertificateReport[]> {
  const logger = createLogger({ level: 'warn', format: 'text', process: 'mirrorgate' });
  const store = fileCertificateStore({ directory, clock: systemClock, logger });
  return await Promise.all(
    sites.map(async ({ name, hosts, issuer }) => {
      const held = await store.load(name, issuer);
      const facts = held && certificateFacts(parseChain(held.chainPem)[0]);
      return {
        site: name,
        names: hosts,
        issuer,
        issuedBy: facts?.issuer,
        serial: facts?.serial,
        notBefore: facts?.notBefore,
        notAfter: facts?.notAfter,
        dueAt: undefined,
        nextCheckAt: undefined,
        lastError: undefined,
        outlook: undefined,
      };
    }),
  );
}
