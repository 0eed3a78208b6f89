/** Lines about denied addresses: few, however often they come. */
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';

/** At most one line for an address in this span. */
const intervalMs = 60_000;
const maxRemembered = 1_000;

export class DenialLog {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #loggedAt = new Map<string, number>();

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  note(address: string): void {
    const now = this.#clock.now().getTime();
    if (now - (this.#loggedAt.get(address) ?? -Infinity) < intervalMs) return;
    if (this.#loggedAt.size >= maxRemembered) this.#loggedAt.clear();
    this.#loggedAt.set(address, now);
    this.#logger.info('connection denied', { client: address });
  }
}
