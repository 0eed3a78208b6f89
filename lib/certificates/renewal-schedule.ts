/** When a site's certificate is looked at again. Fractions of what is left, within fixed bounds. */
import { IssuanceDeferredError } from './certificate-errors.ts';

/** No wait is longer unless told, so that a clock that jumped or a file that changed is noticed. */
export const usualMaxWaitMs = 3_600_000;
const firstRetryMs = 5_000;
const minRetryMs = 1_000;
const maxRetryMs = 600_000;

/** After a look that found all well. */
export function waitUntilDueMs(dueAt: Date, now: Date, maxWaitMs = usualMaxWaitMs): number {
  return Math.min(dueAt.getTime() - now.getTime(), maxWaitMs);
}

/**
 * After an issuer found its own fresh work due, which asking again would not change. `leftMs` is
 * how long that lasts.
 */
export function waitAfterFutileIssueMs(leftMs: number): number {
  return Math.max(leftMs / 10, minRetryMs);
}

/**
 * After the last of `failures` in a row. The retries for a certificate that still serves, for
 * `leftMs`, come closer as its end does; an issuer that names its own time is not asked before.
 */
export function waitAfterFailureMs(
  error: unknown,
  { failures, leftMs, now }: { failures: number; leftMs: number | undefined; now: Date },
): number {
  const backOffMs = Math.min(firstRetryMs * 3 ** (failures - 1), maxRetryMs);
  const retryMs = Math.max(Math.min(backOffMs, (leftMs ?? Infinity) / 3), minRetryMs);
  if (!(error instanceof IssuanceDeferredError)) return retryMs;
  return Math.max(retryMs, waitUntilDueMs(error.retryAt, now));
}
