/** Bounded waiting for what real processes do in their own time. */
import { setTimeout as delay } from 'node:timers/promises';
import { MirrorgateError } from '../../../lib/errors/mirrorgate-error.ts';

const intervalMs = 20;

export interface PollingOptions {
  readonly deadlineMs: number;
  /** What is waited for, for the error. */
  readonly what: string;
}

/**
 * The first result of `probe` that is not undefined, asked again every 20 ms.
 * @throws MirrorgateError `MIRRORGATE_LAB_DEADLINE`
 */
export async function poll<T>(
  probe: () => Promise<T | undefined> | T | undefined,
  { deadlineMs, what }: PollingOptions,
): Promise<T> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const result = await probe();
    if (result !== undefined) return result;
    if (Date.now() > end) {
      throw new MirrorgateError('MIRRORGATE_LAB_DEADLINE', `no ${what} within ${deadlineMs} ms`);
    }
    await delay(intervalMs);
  }
}
