/** Waiting for what may hang: a deadline by the clock, and an abort from outside. */
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { Clock } from '../time/clock.ts';

export interface DeadlineOptions {
  readonly clock: Clock;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/**
 * What `work` resolves to. Rejects when the deadline has passed
 * (`MIRRORGATE_CERTIFICATE_DEADLINE`) or `signal` aborts, even where `work` does not heed the
 * signal that it is given.
 */
export async function withDeadline<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { clock, deadlineMs, signal }: DeadlineOptions,
): Promise<T> {
  const late = new AbortController();
  const timer = clock.after(deadlineMs, () =>
    late.abort(
      new MirrorgateError(
        'MIRRORGATE_CERTIFICATE_DEADLINE',
        `the issuer gave no answer within ${deadlineMs / 1000} s`,
        { hint: 'check that the issuer can be reached' },
      ),
    ),
  );
  const either = AbortSignal.any([signal, late.signal]);
  try {
    return await Promise.race([work(either), abortion(either)]);
  } finally {
    timer.cancel();
  }
}

function abortion(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = (): void => reject(signal.reason as Error);
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
}
