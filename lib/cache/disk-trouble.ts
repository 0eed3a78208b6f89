/** Tells of a disk that cannot be used once per trouble: clients are served all the same. */
import { errorFields, type Logger } from '../telemetry/logger.ts';

export class DiskTrouble {
  readonly #logger: Logger;
  #isTold = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  report(error: unknown): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#logger.error('the cache cannot use its disk; serving without it', errorFields(error));
  }

  /** Something was written: the next trouble is a new one. */
  over(): void {
    if (this.#isTold) this.#logger.info('the cache uses its disk again');
    this.#isTold = false;
  }
}
