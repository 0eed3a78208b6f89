/** What `doctor` found on one thing that it looked at. */
import type { Configuration } from '../../config/configuration.ts';

export type FindingState = 'ok' | 'warning' | 'failed';

export interface DoctorFinding {
  /** What kind of thing: `port`, `dns`, `clock`, … */
  readonly check: string;
  /** Which one: an address, a host, a path. */
  readonly subject: string;
  readonly state: FindingState;
  readonly message: string;
  /** What to do about it. */
  readonly hint: string | undefined;
}

export interface Examination {
  readonly configuration: Configuration;
  /** Whether a gate serves this configuration now: it then holds the ports itself. */
  readonly isRunning: boolean;
  readonly now: Date;
}

/** Looks at one kind of thing. It never throws for what is wrong with it: that is a finding. */
export type Check = (examination: Examination) => Promise<readonly DoctorFinding[]>;

export function finding(
  check: string,
  subject: string,
  [state, message, hint]: readonly [
    state: FindingState,
    message: string,
    hint?: string | undefined,
  ],
): DoctorFinding {
  return { check, subject, state, message, hint };
}
