/** A clock that moves when a test says so; timers fire in the order of their time. */
import type { Clock, Timer } from '../../lib/time/clock.ts';

interface Pending {
  readonly at: number;
  readonly callback: () => void;
}

export class ManualClock implements Clock {
  #now: number;
  readonly #pending = new Set<Pending>();

  constructor(start: Date = new Date('2026-11-01T00:00:00Z')) {
    this.#now = start.getTime();
  }

  now(): Date {
    return new Date(this.#now);
  }

  after(delayMs: number, callback: () => void): Timer {
    const entry: Pending = { at: this.#now + Math.max(0, delayMs), callback };
    this.#pending.add(entry);
    return { cancel: () => void this.#pending.delete(entry) };
  }

  /** When the next timer is due, or undefined where none waits. */
  nextTimerAt(): Date | undefined {
    const next = this.#next();
    return next === undefined ? undefined : new Date(next.at);
  }

  /** Moves on by `ms`, firing each timer at its own time; callbacks' promises settle in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (let next = this.#next(); next !== undefined && next.at <= end; next = this.#next()) {
      this.#now = next.at;
      this.#pending.delete(next);
      next.callback();
      await settle();
    }
    this.#now = end;
    await settle();
  }

  /** Moves on by `ms` as a machine does that slept: timers that came due have not fired yet. */
  jump(ms: number): void {
    this.#now += ms;
  }

  #next(): Pending | undefined {
    return [...this.#pending].sort((a, b) => a.at - b.at)[0];
  }
}

/** Lets everything that is already resolved run, file system calls included. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
