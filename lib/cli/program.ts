/** The command line: reads the arguments, runs a command, and alone decides how the program exits. */
import { Command, CommanderError } from 'commander';
import { readVersion } from '../app/version.ts';
import { registerAllow } from './allow.ts';
import { registerCa } from './ca.ts';
import { registerCaIssue } from './ca-issue.ts';
import { registerCaRotation } from './ca-rotation.ts';
import { registerCache } from './cache.ts';
import { registerCert } from './cert.ts';
import { registerCheck } from './check.ts';
import { registerClient } from './client.ts';
import { registerDoctor } from './doctor.ts';
import { registerExplain } from './explain.ts';
import { registerInject } from './inject.ts';
import { exitCodes, printError, printErrorLine } from './output.ts';
import { registerServe } from './serve.ts';
import { registerStatus } from './status.ts';

function createProgram(): Command {
  const program = new Command('mirrorgate')
    .description('TLS edge proxy and pull-through cache for container registry mirrors')
    .version(readVersion())
    .option('--config <file>', 'configuration file')
    .option('--json', 'print results as JSON')
    .exitOverride()
    .configureOutput({ outputError: printUsageError });
  registerServe(program);
  registerCheck(program);
  registerStatus(program);
  registerDoctor(program);
  registerExplain(program);
  registerAllow(program);
  const ca = registerCa(program);
  registerCaRotation(ca);
  registerCaIssue(ca);
  registerInject(ca);
  registerCert(program);
  registerCache(program);
  registerClient(program);
  for (const command of program.commands) inherit(command);
  return program;
}

/** What commander says of a wrong command line, as one line like any other error. */
function printUsageError(text: string): void {
  const [, fault = text] = /^error: (.*)$/s.exec(text) ?? [];
  printErrorLine(`mirrorgate: ${fault.trim().replace(/\.$/, '')}; see: mirrorgate --help`);
}

/** `--config` and `--json` stand before or behind the command, as people type them. */
function inherit(command: Command): void {
  command
    .option('--config <file>', 'configuration file')
    .option('--json', 'print results as JSON')
    .exitOverride();
  for (const inner of command.commands) inherit(inner);
}

export async function runCli(argv: readonly string[]): Promise<void> {
  // Whoever reads may leave (`| head`): without a listener that ends the program with a stack.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  try {
    await createProgram().parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    } else {
      process.exitCode = printError(error);
    }
  }
}
