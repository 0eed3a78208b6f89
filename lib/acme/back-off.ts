/** How long to leave a CA in peace after failures: never more than three failed attempts an hour. */

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** What Let's Encrypt advises: a minute, ten, a hundred, then once a day. */
const stepsMs = [minuteMs, 10 * minuteMs, 100 * minuteMs] as const;
const spread = 0.1;

export interface BackOff {
  /** In a row, this one included. */
  readonly failures: number;
  /** How long the certificate that serves will last; undefined where none does. */
  readonly leftMs: number | undefined;
  /** From 0 to 1: those who failed together shall not come back together. */
  readonly random: number;
}

/** The daily attempts come closer as the end of what serves does. */
export function backOffMs({ failures, leftMs, random }: BackOff): number {
  const step = stepsMs[failures - 1] ?? dayMs;
  const isDaily = failures > stepsMs.length;
  const delayMs =
    isDaily && leftMs !== undefined ? Math.max(Math.min(dayMs, leftMs / 4), hourMs) : step;
  return delayMs * (1 + spread * random);
}
