/** One at a time for each key, in the order of coming. */
import { abortable } from './waiting.ts';

export class Turnstile {
  readonly #last = new Map<string, Promise<void>>();

  /** Runs `work` when all that came before it for `key` has ended; gives up waiting with `signal`. */
  async exclusively<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const own = Promise.withResolvers<undefined>();
    const both = Promise.all([before, own.promise]).then(() => {
      if (this.#last.get(key) === both) this.#last.delete(key);
    });
    this.#last.set(key, both);
    try {
      await abortable(before, signal);
      return await work();
    } finally {
      own.resolve(undefined);
    }
  }
}
