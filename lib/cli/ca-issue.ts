/** `mirrorgate ca issue`: certificates of the private CA for servers that are not behind the gate. */
import { resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { operateCa } from '../app/ca-access.ts';
import { assertReplaceable, issuedFiles, writeIssued } from '../certificates/issued-files.ts';
import { certificateFacts, parseChain } from '../certificates/certificate-facts.ts';
import type { CertifiedKey } from '../certificates/issuer.ts';
import { tryDurationMs } from '../config/quantities.ts';
import { loadForCommand, wantsJson } from './context.ts';
import { print, printJson } from './output.ts';

interface IssueOptions {
  readonly out: string;
  readonly lifetime?: number;
}

export function registerCaIssue(ca: Command): void {
  ca.command('issue <name...>')
    .description('sign a certificate for DNS names and addresses that the CA may sign for')
    .option('--out <dir>', 'folder of NAME.pem and NAME.key.pem', '.')
    .option(
      '--lifetime <duration>',
      'how long it is valid; privateCa.leafLifetime unless told',
      parseLifetime,
    )
    .action(async (names: readonly string[], options: IssueOptions, command: Command) => {
      const configuration = await loadForCommand(command);
      const { leafLifetimeMs } = configuration.certificates.privateCa;
      const detail = { names, lifetimeMs: options.lifetime ?? leafLifetimeMs };
      const directory = resolve(options.out);
      const files = issuedFiles(directory, names[0] ?? '');
      await assertReplaceable(files);
      const issued = (await operateCa(configuration, { name: 'ca-issue', detail })) as CertifiedKey;
      await writeIssued(directory, files, issued);
      const { notAfter } = certificateFacts(parseChain(issued.chainPem)[0]);
      if (wantsJson(command)) printJson({ names, notAfter, ...files });
      else print(`${files.chain}\n${files.key}\nvalid until ${notAfter.toISOString()}`);
    });
}

function parseLifetime(text: string): number {
  const lifetimeMs = tryDurationMs(text);
  if (lifetimeMs !== undefined && lifetimeMs > 0) return lifetimeMs;
  throw new InvalidArgumentError('write a duration like 24h or 7d');
}
