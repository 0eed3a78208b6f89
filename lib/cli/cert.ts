/** `mirrorgate cert …`: the certificates of the sites, read from their files. */
import type { Command } from 'commander';
import { certificateFacts, parseChain } from '../certificates/certificate-facts.ts';
import { fileCertificateStore } from '../certificates/certificate-store.ts';
import { createLogger } from '../telemetry/logger.ts';
import { systemClock } from '../time/clock.ts';
import { loadForCommand, wantsJson } from './context.ts';
import { print, printJson } from './output.ts';
import { tableText } from './table.ts';

export function registerCert(program: Command): void {
  const cert = program.command('cert').description('the certificates of the sites');

  cert
    .command('list')
    .description('show the certificates, their names, issuer and expiry')
    .action(async (_options: unknown, command: Command) => {
      const { certificates, sites } = await loadForCommand(command);
      const { directory } = certificates;
      const logger = createLogger({ level: 'warn', format: 'text', process: 'mirrorgate' });
      const store = fileCertificateStore({ directory, clock: systemClock, logger });
      const rows = await Promise.all(
        sites.map(async ({ name, hosts, issuer }) => {
          const held = await store.load(name, issuer);
          const facts = held && certificateFacts(parseChain(held.chainPem)[0]);
          return {
            site: name,
            names: hosts,
            issuer,
            serial: facts?.serial,
            notAfter: facts?.notAfter,
          };
        }),
      );
      if (wantsJson(command)) {
        printJson({ certificates: rows });
        return;
      }
      const cells = rows.map(({ site, names, issuer, serial, notAfter }) => [
        site,
        issuer,
        notAfter?.toISOString() ?? 'none yet',
        serial ?? '',
        names.join(', '),
      ]);
      print(tableText(['SITE', 'ISSUER', 'EXPIRES', 'SERIAL', 'NAMES'], cells));
    });
}
