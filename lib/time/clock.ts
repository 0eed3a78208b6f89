/**
 * Time as an argument. Whatever waits or compares dates takes a {@link Clock}, so that a test
 * can live through a year in a second.
 */

/** A callback that was put off. */
export interface Timer {
  /** Idempotent; the callback will not run afterwards. */
  cancel(): void;
}

export interface Clock {
  now(): Date;
  /** Runs `callback` once after `delayMs`, which may be longer than a month. */
  after(delayMs: number, callback: () => void): Timer;
}

/** Longest delay that `setTimeout` takes; a longer one would fire at once. */
const maxTimeoutMs = 2 ** 31 - 1;

/** The machine's clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => new Date(),
  after(delayMs, callback) {
    const deadline = Date.now() + delayMs;
    let timeout: NodeJS.Timeout;
    const wait = (): void => {
      const left = deadline - Date.now();
      timeout = setTimeout(
        left > maxTimeoutMs ? wait : callback,
        Math.max(0, Math.min(left, maxTimeoutMs)),
      );
      timeout.unref();
    };
    wait();
    return { cancel: () => clearTimeout(timeout) };
  },
};
