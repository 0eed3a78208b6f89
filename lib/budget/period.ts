/** The month that a provider bills: from one reset day to the next, by the calendar of a time zone. */

export interface Period {
  readonly start: Date;
  /** The first instant of the next one. */
  readonly end: Date;
}

export interface Cycle {
  /** Day of the month, from 1 to 28. */
  readonly resetDay: number;
  /** IANA name: `UTC`, `Europe/Berlin`. */
  readonly timeZone: string;
}

interface CalendarDay {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
}

const dayMs = 86_400_000;

/** The period that `now` lies in. It begins at the reset day's midnight there. */
export function periodOf(now: Date, { resetDay, timeZone }: Cycle): Period {
  const { year, month, day } = calendarDay(now, timeZone);
  const first = day >= resetDay ? month : month - 1;
  return {
    start: midnight({ year, month: first, day: resetDay }, timeZone),
    end: midnight({ year, month: first + 1, day: resetDay }, timeZone),
  };
}

/** The first instant of a day there; where its clocks skip midnight, the instant of the skip. */
function midnight({ year, month, day }: CalendarDay, timeZone: string): Date {
  const wanted = Date.UTC(year, month - 1, day);
  // No zone is further from UTC than 14 hours: it lies within a day of the guess.
  let early = wanted - dayMs;
  let late = wanted + dayMs;
  while (late - early > 1) {
    const middle = Math.floor((early + late) / 2);
    const there = calendarDay(new Date(middle), timeZone);
    if (Date.UTC(there.year, there.month - 1, there.day) < wanted) early = middle;
    else late = middle;
  }
  return new Date(late);
}

function calendarDay(at: Date, timeZone: string): CalendarDay {
  const parts = new Intl.DateTimeFormat('en-u-ca-gregory-nu-latn', {
    timeZone,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
  }).formatToParts(at);
  const part = (type: Intl.DateTimeFormatPartTypes): number =>
    Number(parts.find((candidate) => candidate.type === type)?.value);
  return { year: part('year'), month: part('month'), day: part('day') };
}
