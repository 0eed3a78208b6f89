/** `Retry-After` (RFC 9110 §10.2.3). */

const dayMs = 24 * 60 * 60 * 1000;

/**
 * Whole seconds from `now`, for delay-seconds and HTTP-date alike; 0 for a date gone by, at most a
 * day. Undefined for what is neither.
 */
export function tryRetryAfter(text: string | undefined, now: Date): number | undefined {
  if (text === undefined) return undefined;
  const trimmed = text.trim();
  const delayMs = /^[0-9]{1,12}$/.test(trimmed)
    ? Number(trimmed) * 1000
    : httpDateMs(trimmed) - now.getTime();
  if (Number.isNaN(delayMs)) return undefined;
  return Math.ceil(Math.min(Math.max(delayMs, 0), dayMs) / 1000);
}

/** An IMF-fixdate (RFC 9110 §5.6.7); NaN for the obsolete forms and everything else. */
function httpDateMs(text: string): number {
  const fixdate = /^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT$/;
  return fixdate.test(text) ? Date.parse(text) : Number.NaN;
}
