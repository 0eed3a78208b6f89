/** How commands speak: results on standard output, errors on standard error, a line each. */
import { StartError } from '../app/start-error.ts';
import { SiteFailuresError } from '../certificates/certificate-errors.ts';
import { ConfigurationError, problemText } from '../config/problems.ts';
import { errorMessage, MirrorgateError } from '../errors/mirrorgate-error.ts';

/** What a command exits with (CONTRACT: command line). */
export const exitCodes = { done: 0, failed: 1, usage: 2 } as const;

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, undefined, 2));
}

/** A text from elsewhere (a parser, OpenSSL) may bring line ends of its own. */
export function printErrorLine(text: string): void {
  process.stderr.write(`${text.replace(/\s*[\r\n]+\s*/g, ' ').trim()}\n`);
}

/** Tells what failed, on what, and what to do; returns the exit code for it. */
export function printError(error: unknown): number {
  for (const line of errorLines(error)) printErrorLine(`mirrorgate: ${line}`);
  const isUsage = error instanceof MirrorgateError && error.code.endsWith('_ARGUMENT');
  return isUsage || error instanceof ConfigurationError ? exitCodes.usage : exitCodes.failed;
}

function errorLines(error: unknown): string[] {
  if (error instanceof ConfigurationError) return error.problems.map(problemText);
  if (error instanceof StartError) return error.failures.map(withHint);
  if (error instanceof SiteFailuresError) {
    return error.failures.flatMap((failure) =>
      errorLines(failure.error).map((line) => `${failure.site.name}: ${line}`),
    );
  }
  if (error instanceof MirrorgateError) {
    return [withHint({ message: errorMessage(error), hint: error.hint })];
  }
  return [errorMessage(error)];
}

function withHint({ message, hint }: { message: string; hint: string | undefined }): string {
  return hint === undefined ? message : `${message}; ${hint}`;
}
