/** Deadlines on the program's clock, and waiting that an `AbortSignal` can end. */
import type { Clock } from '../time/clock.ts';

export interface Deadlines {
  /** DNS, TCP and TLS together, per connection. */
  readonly connectMs: number;
  /** From asking until the headers of the final answer: tokens and redirects included. */
  readonly firstByteMs: number;
  /** Longest silence within a body. */
  readonly bodyIdleMs: number;
  /** One token request. */
  readonly tokenMs: number;
}

export const defaultDeadlines: Deadlines = {
  connectMs: 5_000,
  firstByteMs: 10_000,
  bodyIdleMs: 30_000,
  tokenMs: 10_000,
};

export interface DeadlineOptions {
  readonly clock: Clock;
  readonly afterMs: number;
  /** The reason that the signal is aborted with when the time is up. */
  readonly reason: () => Error;
  /** Signals that abort the combined one as well, with their own reason. */
  readonly parents: readonly AbortSignal[];
}

export interface Deadline {
  /** Aborts when time is up or a parent aborts. */
  readonly signal: AbortSignal;
  /** Stops the time, not the parents. Idempotent. */
  cancel(): void;
}

export function startDeadline({ clock, afterMs, reason, parents }: DeadlineOptions): Deadline {
  const controller = new AbortController();
  const timer = clock.after(afterMs, () => controller.abort(reason()));
  return {
    signal: AbortSignal.any([controller.signal, ...parents]),
    cancel: () => timer.cancel(),
  };
}

/** Why `signal` was aborted, always as an Error. */
export function abortReason(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason });
}

/** `promise`, unless `signal` aborts first: then rejects with its reason. `promise` goes on. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(abortReason(signal));
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
