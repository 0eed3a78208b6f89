/** Reloads one after the other; one that is refused is told, and changes nothing. */
import type { Logger } from '../telemetry/logger.ts';
import { refusalLines } from './reload.ts';

export class ReloadQueue {
  readonly #logger: Logger;
  #last: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** What is added meanwhile waits until `work` has ended, however it ended. */
  follow(work: Promise<unknown>): void {
    this.#last = work.then(
      () => undefined,
      () => undefined,
    );
  }

  /** Resolves when it is this work's turn and it is done. Never rejects. */
  add(work: () => Promise<void>): Promise<void> {
    const unlessClosed = async (): Promise<void> => {
      if (!this.#isClosed) await work();
    };
    this.#last = this.#last.then(unlessClosed).catch((error: unknown) => {
      for (const line of refusalLines(error)) {
        this.#logger.error('reload refused, what was in force stays in force', line);
      }
    });
    return this.#last;
  }

  /** Nothing begins any more. */
  close(): void {
    this.#isClosed = true;
  }
}
