/** When an entry of the allow-list runs out: how it is written, and the instant that is meant. */
import { z } from 'zod';
import { tryDurationMs } from '../config/quantities.ts';

const instant = z.iso.datetime({ offset: true });
const date = z.iso.date();
const dayMs = 86_400_000;

/**
 * An instant with its zone (`2026-12-31T18:00:00Z`), or a date: the entry counts through that
 * whole day in UTC, so it runs out at the next midnight.
 */
export function tryInstant(text: string): Date | undefined {
  if (date.safeParse(text).success) return new Date(Date.parse(text) + dayMs);
  return instant.safeParse(text).success ? new Date(text) : undefined;
}

/** As {@link tryInstant}, or a duration from `now`: `12h`, `7d`. */
export function tryExpiry(text: string, now: Date): Date | undefined {
  const durationMs = tryDurationMs(text);
  if (durationMs === undefined) return tryInstant(text);
  const wholeSecondsMs = Math.ceil((now.getTime() + durationMs) / 1000) * 1000;
  return tryInstant(instantText(new Date(wholeSecondsMs)));
}

/** `2026-12-31T18:00:00Z`; an instant beyond the year 9999 gives a text that nothing reads. */
export function instantText(at: Date): string {
  return Number.isNaN(at.getTime()) ? '' : at.toISOString().replace('.000Z', 'Z');
}
