/** One piece of work per key at a time; whoever asks meanwhile shares its outcome, good or bad. */
export class SingleFlight<T> {
  readonly #running = new Map<string, Promise<T>>();

  /** The running work of `key`, else `work()` started now. `isLeader` tells which it was. */
  share(
    key: string,
    work: () => Promise<T>,
  ): { readonly result: Promise<T>; readonly isLeader: boolean } {
    const running = this.#running.get(key);
    if (running !== undefined) return { result: running, isLeader: false };
    const result = work().finally(() => this.#running.delete(key));
    this.#running.set(key, result);
    return { result, isLeader: true };
  }
}
