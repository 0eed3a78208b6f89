/** `mirrorgate check`: every problem of configuration and allow-list, each with its place. */
import type { Command } from 'commander';
import { readGuardedAllowList } from '../app/guarded-allow-list.ts';
import { ConfigurationError, problemText, type Problem } from '../config/problems.ts';
import { loadConfiguration } from '../config/load.ts';
import { configurationFile, wantsJson, type GlobalOptions } from './context.ts';
import { exitCodes, print, printErrorLine, printJson } from './output.ts';

export function registerCheck(program: Command): void {
  program
    .command('check')
    .description('validate the configuration and the allow-list')
    .action(async (_options: unknown, command: Command) => {
      const file = configurationFile(command.optsWithGlobals<GlobalOptions>());
      const problems = await findProblems(file);
      if (wantsJson(command)) {
        printJson({ file, valid: problems.length === 0, problems });
      } else if (problems.length === 0) {
        print(`${file}: no problems`);
      } else {
        for (const problem of problems) printErrorLine(problemText(problem));
      }
      if (problems.length > 0) process.exitCode = exitCodes.usage;
    });
}

async function findProblems(file: string): Promise<readonly Problem[]> {
  try {
    const configuration = await loadConfiguration(file);
    await readGuardedAllowList(configuration);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}
