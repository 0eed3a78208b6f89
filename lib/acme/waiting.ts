/** Waiting that ends when it is told to, and asking a CA again until it has made up its mind. */
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { Clock } from '../time/clock.ts';
import type { Pollable } from './acme-server.ts';

/** What `promise` becomes, or the reason of `signal` as soon as it aborts. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Resolves after `delayMs`; rejects with the reason of `signal` as soon as it aborts. */
export async function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  const over = Promise.withResolvers<undefined>();
  const timer = clock.after(delayMs, () => over.resolve(undefined));
  try {
    await abortable(over.promise, signal);
  } finally {
    timer.cancel();
  }
}

/** A passing fault of the network or the CA is over in seconds, or it is none. */
const repetitionsMs = [1_000, 4_000] as const;

export interface Patience {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * What `ask` becomes, asked again after a second and after four more where `isPassing` says so of
 * its error. Only for what changes nothing at the CA.
 */
export async function patiently<T>(
  ask: () => Promise<T>,
  isPassing: (error: unknown) => boolean,
  { clock, signal }: Patience,
): Promise<T> {
  for (const delayMs of repetitionsMs) {
    try {
      return await ask();
    } catch (error) {
      if (!isPassing(error)) throw error;
      await pause(clock, delayMs, signal);
    }
  }
  return await ask();
}

/** How CAs are asked again, where they do not say: sooner at first, then at an even pace. */
const firstDelayMs = 250;
const maxDelayMs = 10_000;
const evenDelayMs = 5_000;

export interface PollingOptions<T> {
  readonly ask: () => Promise<T>;
  readonly isDone: (answer: T) => boolean;
  /** What it began with; asked at once where it is not known. */
  readonly first?: T | undefined;
  readonly deadlineMs: number;
  /** What is waited for, for the error. */
  readonly what: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * The first answer that is done. Heeds `Retry-After` within 10 s.
 * @throws MirrorgateError `MIRRORGATE_ACME_SLOW`
 */
export async function pollUntil<T extends Pollable>(options: PollingOptions<T>): Promise<T> {
  const { ask, isDone, clock, signal, deadlineMs, what } = options;
  const end = clock.now().getTime() + deadlineMs;
  let answer = options.first ?? (await ask());
  for (let round = 0; !isDone(answer); round += 1) {
    const now = clock.now().getTime();
    if (now >= end) {
      throw new MirrorgateError(
        'MIRRORGATE_ACME_SLOW',
        `${what} is not there after ${deadlineMs / 1_000} s`,
        { hint: 'the CA is slow: the order is kept and taken up again' },
      );
    }
    const usualMs = Math.min(firstDelayMs * 2 ** round, evenDelayMs);
    const wantedMs = answer.retryAt === undefined ? usualMs : answer.retryAt.getTime() - now;
    await pause(clock, Math.min(Math.max(wantedMs, firstDelayMs), maxDelayMs), signal);
    answer = await ask();
  }
  return answer;
}
