/** What is wrong with a file that an operator wrote, each with its place and its remedy. */
import { MirrorgateError } from '../errors/mirrorgate-error.ts';

export interface Problem {
  readonly file: string;
  /** From 1; undefined where the problem is the whole file. */
  readonly line?: number;
  readonly column?: number;
  /** `mirrors[0].hosts[1]`; empty for the whole file. */
  readonly key: string;
  readonly message: string;
  /** What to do about it. */
  readonly fix?: string;
}

/** `config/mirrorgate.yaml:12:5: mirrors[0].hosts[1]: "a b" is not a host name; write …` */
export function problemText(problem: Problem): string {
  const { file, line, column, key, message, fix } = problem;
  const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`;
  const subject = key === '' ? '' : `${key}: `;
  return `${place}: ${subject}${message}${fix === undefined ? '' : `; ${fix}`}`;
}

/** Bad configuration: every problem at once. The CLI exits with 2 on it. */
export class ConfigurationError extends MirrorgateError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super('MIRRORGATE_CONFIG_INVALID', problems.map(problemText).join('\n'));
    this.problems = problems;
  }
}
