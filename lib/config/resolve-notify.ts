/** Who is told of trouble, with the address of the web hook read from where it is kept. */
import type { NotifyConfiguration } from './configuration.ts';
import type { WrittenConfiguration } from './schema.ts';
import type { SecretReference } from './sources.ts';
import type { Finding, KeyPath } from './yaml-file.ts';

export interface NotifyContext {
  readonly findings: Finding[];
  readonly readSecret: (reference: SecretReference, path: KeyPath) => string;
}

export function resolveNotify(
  written: WrittenConfiguration['notify'],
  { findings, readSecret }: NotifyContext,
): NotifyConfiguration | undefined {
  if (written === undefined) return undefined;
  const { command, webhook } = written;
  if (command === undefined && webhook === undefined) {
    const message = 'tells nobody';
    findings.push({ path: ['notify'], message, fix: 'set command or webhook' });
  }
  if (webhook === undefined || webhook instanceof URL) return { command, webhook: webhook?.href };
  const path = ['notify', 'webhook'];
  const address = readSecret(webhook, path);
  if (address !== '' && !/^https?:\/\//.test(address)) {
    findings.push({ path, message: 'does not hold an address', fix: 'put an https URL there' });
  }
  return { command, webhook: address };
}
