/** `mirrorgate cert …`: the certificates of the sites, as the running gate has them. */
import type { Command } from 'commander';
import { askGate } from '../app/control-client.ts';
import { storedCertificates } from '../app/stored-certificates.ts';
import type { CertificateReport } from '../certificates/certificate-keeper.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { loadForCommand, wantsJson } from './context.ts';
import { print, printJson } from './output.ts';
import { tableText } from './table.ts';
import type { Told } from './told.ts';

export function registerCert(program: Command): void {
  const cert = program.command('cert').description('the certificates of the sites');

  cert
    .command('list')
    .description('show the certificates, their names, issuer, expiry, next renewal and last error')
    .action(async (_options: unknown, command: Command) => {
      const configuration = await loadForCommand(command);
      const told = await askGate(configuration, 'cert-list');
      const certificates = told?.value ?? (await storedCertificates(configuration));
      show(certificates as readonly Told<CertificateReport>[], command);
    });

  cert
    .command('renew')
    .argument('[host]', 'a host, or the name of a site; all of them where it is left out')
    .description('replace certificates now, whether due or not')
    .action(async (host: string | undefined, _options: unknown, command: Command) => {
      const configuration = await loadForCommand(command);
      const told = await askGate(configuration, 'cert-renew', host);
      if (told === undefined) throw notRunning(configuration.stateDirectory);
      show(told.value as readonly Told<CertificateReport>[], command);
    });
}

function show(certificates: readonly Told<CertificateReport>[], command: Command): void {
  if (wantsJson(command)) {
    printJson({ certificates });
    return;
  }
  const rows = certificates.map((report) => [
    report.site,
    report.outlook?.ca ?? report.issuer,
    report.notAfter ?? 'none yet',
    renewalText(report),
    report.serial ?? '',
    report.names.join(', '),
    troubleText(report),
  ]);
  print(tableText(['SITE', 'ISSUER', 'EXPIRES', 'RENEWS', 'SERIAL', 'NAMES', 'TROUBLE'], rows));
}

/** The CA's window where it told one; with a time of its own in it. */
function renewalText({ dueAt, outlook }: Told<CertificateReport>): string {
  const { window } = outlook ?? {};
  if (dueAt === undefined || window === undefined) return dueAt ?? '';
  return `${dueAt} (CA: ${window.start} to ${window.end})`;
}

function troubleText({ lastError, outlook }: Told<CertificateReport>): string {
  const error = lastError ?? outlook?.lastError;
  if (error === undefined) return '';
  const next = outlook?.nextAttemptAt;
  return next === undefined ? error : `${error}; next attempt ${next}`;
}

function notRunning(stateDirectory: string): MirrorgateError {
  return new MirrorgateError(
    'MIRRORGATE_CONTROL_NOT_RUNNING',
    `no gate runs on the state directory ${stateDirectory}, and certificates are issued through one`,
    { hint: 'start it: what is due is renewed at the start' },
  );
}
