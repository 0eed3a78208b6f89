/** Since when the clock has run without a jump: nothing that cannot be undone rests on less. */
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';

/** A look that comes this much too early or too late says that the clock was set. */
const jumpMs = 600_000;

export class SteadyClock {
  readonly #clock: Clock;
  readonly #logger: Logger;
  #since: Date;
  #expectedAt: Date | undefined;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
    this.#since = clock.now();
  }

  get since(): Date {
    return this.#since;
  }

  /** The next {@link look} is to come after this. */
  expectAfter(waitMs: number): void {
    this.#expectedAt = new Date(this.#clock.now().getTime() + waitMs);
  }

  /** A clock that was set is given time to be right before anything rests on it. */
  look(): void {
    const now = this.#clock.now();
    const expected = this.#expectedAt ?? now;
    if (now.getTime() - expected.getTime() > jumpMs) {
      this.#logger.warn('the clock of this machine was set, or it slept', {
        expected: expected.toISOString(),
        now: now.toISOString(),
      });
      this.#since = now;
    }
    if (this.#since > now) this.#since = now;
  }
}
