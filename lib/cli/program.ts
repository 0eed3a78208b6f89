/** The command line: reads the arguments, runs a command, and alone decides how the program exits. */
import { Command, CommanderError } from 'commander';
import { stayFrugal } from '../app/frugal-memory.ts';
import { readVersion } from '../app/version.ts';
import { exitCodes, printError, printErrorLine } from './output.ts';

/** A gate runs for months: where the first word asks for it, the other commands are not loaded. */
const gateWord = 'serve';

async function createProgram([, , firstWord]: readonly string[]): Promise<Command> {
  const program = new Command('mirrorgate')
    .description('TLS edge proxy and pull-through cache for container registry mirrors')
    .version(readVersion())
    .option('--config <file>', 'configuration file')
    .option('--json', 'print results as JSON')
    .exitOverride()
    .configureOutput({ outputError: printUsageError });
  if (firstWord === gateWord) stayFrugal();
  const { registerServe } = await import('./serve.ts');
  registerServe(program);
  if (firstWord !== gateWord) (await import('./commands.ts')).registerCommands(program);
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
    await (await createProgram(argv)).parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    } else {
      process.exitCode = printError(error);
    }
  }
}
