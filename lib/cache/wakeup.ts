/** Lets any number of waiters sleep until something changed. */
export class Wakeup {
  #waiting = Promise.withResolvers<undefined>();

  /** Resolves at the next {@link wake}. Check the condition and call this in one synchronous run. */
  next(): Promise<undefined> {
    return this.#waiting.promise;
  }

  wake(): void {
    const { resolve } = this.#waiting;
    this.#waiting = Promise.withResolvers<undefined>();
    resolve(undefined);
  }
}
