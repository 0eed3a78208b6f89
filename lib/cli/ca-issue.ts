/**
 * `mirrorgate ca issue` and `ca issue-client`: certificates of the private CA for servers that are
 * not behind the gate, and for clients whose addresses change.
 */
import { resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { operateCa } from '../app/ca-access.ts';
import type { CaOperation } from '../app/ca-operations.ts';
import {
  assertReplaceable,
  issuedClientFiles,
  issuedFiles,
  writeIssued,
  type IssuedFiles,
} from '../certificates/issued-files.ts';
import { certificateFacts, parseChain } from '../certificates/certificate-facts.ts';
import type { CertifiedKey } from '../certificates/issuer.ts';
import type { Configuration } from '../config/configuration.ts';
import { tryDurationMs } from '../config/quantities.ts';
import { loadForCommand, wantsJson } from './context.ts';
import { print, printJson } from './output.ts';

interface IssueOptions {
  readonly out: string;
  readonly lifetime?: number;
}

/** Of a client's certificate: whoever holds it is let in, until it ends or its name is taken off. */
const clientLifetimeMs = 30 * 24 * 3_600_000;

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
      const files = issuedFiles(resolve(options.out), names[0] ?? '');
      const told = await issue(configuration, { operation: { name: 'ca-issue', detail }, files });
      if (wantsJson(command)) printJson({ names, ...told });
      else printIssued(told);
    });

  ca.command('issue-client <name>')
    .description('sign a certificate by which a client is let in from whatever address')
    .option('--out <dir>', 'folder of NAME.cert and NAME.key', '.')
    .option('--lifetime <duration>', 'how long it is valid', parseLifetime, clientLifetimeMs)
    .action(async (name: string, options: IssueOptions, command: Command) => {
      const configuration = await loadForCommand(command);
      const detail = { name, lifetimeMs: options.lifetime ?? clientLifetimeMs };
      const operation = { name: 'ca-issue-client', detail } as const;
      const files = issuedClientFiles(resolve(options.out), name);
      const told = await issue(configuration, { operation, files });
      if (wantsJson(command)) {
        printJson({ name, ...told });
        return;
      }
      printIssued(told);
      const { allowListFile } = configuration;
      print(`it lets in once ${allowListFile} has it: certificates: [{name: ${name}}]`);
    });
}

interface Issue {
  readonly operation: CaOperation;
  readonly files: IssuedFiles;
}

interface Issued extends IssuedFiles {
  readonly notAfter: Date;
}

async function issue(configuration: Configuration, { operation, files }: Issue): Promise<Issued> {
  await assertReplaceable(files);
  const issued = (await operateCa(configuration, operation)) as CertifiedKey;
  await writeIssued(files, issued);
  const { notAfter } = certificateFacts(parseChain(issued.chainPem)[0]);
  return { notAfter, ...files };
}

function printIssued({ chain, key, notAfter }: Issued): void {
  print(`${chain}\n${key}\nvalid until ${notAfter.toISOString()}`);
}

function parseLifetime(text: string): number {
  const lifetimeMs = tryDurationMs(text);
  if (lifetimeMs !== undefined && lifetimeMs > 0) return lifetimeMs;
  throw new InvalidArgumentError('write a duration like 24h or 7d');
}
