/**
 * Where a process of the lab runs: on the machine as it is, or in a {@link Namespace} of its own.
 * Nothing of the caller's environment goes in, so that no proxy and no trust of the machine counts.
 */

export interface Place {
  /** The command line that runs `command` there and ends it when its parent dies. */
  commandLine(command: readonly string[]): readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Whether that command line starts a parent that waits for the process that was asked for. */
  readonly hasParent: boolean;
}

export const bareEnvironment: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
  TZ: 'UTC',
};

/** Sends SIGKILL to `command` when the process that started it dies (prctl(2), PR_SET_PDEATHSIG). */
export function boundToParent(command: readonly string[]): string[] {
  return ['setpriv', '--pdeathsig', 'KILL', '--', ...command];
}

/** The machine's own network and files. */
export const machine: Place = {
  commandLine: boundToParent,
  environment: bareEnvironment,
  hasParent: false,
};
