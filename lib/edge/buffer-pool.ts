/**
 * Memory that file content passes through: buffers of four sizes, used again and again. The more
 * takers there are, the smaller are those that each is given, so that many slow clients cost no
 * more than a few fast ones; nobody ever waits for one.
 */

/** Largest first. The smallest is what a slow client, or anyone in a great crowd, gets. */
const sizes = [1024 * 1024, 256 * 1024, 64 * 1024, 16 * 1024] as const;

export const largestBufferBytes = sizes[0];
const smallest = 3;

export class BufferPool {
  readonly #budgetBytes: number;
  readonly #keptBytes: number;
  readonly #free: Buffer[][] = sizes.map(() => []);
  #takers = 0;
  #outBytes = 0;
  #idleBytes = 0;

  /** `budgetBytes` is shared among the takers; `keptBytes` may lie idle, and a small one for each. */
  constructor({ budgetBytes, keptBytes }: { budgetBytes: number; keptBytes: number }) {
    this.#budgetBytes = budgetBytes;
    this.#keptBytes = keptBytes;
  }

  /** What is in use. */
  get outBytes(): number {
    return this.#outBytes;
  }

  /** What waits to be used again. */
  get idleBytes(): number {
    return this.#idleBytes;
  }

  /** One more will take buffers, until it calls {@link leave}. */
  enter(): void {
    this.#takers += 1;
    this.#letGo();
  }

  leave(): void {
    this.#takers -= 1;
    const idle = this.#free[smallest];
    while (this.#idleBytes > this.#mostIdleBytes) {
      const buffer = idle?.pop();
      if (buffer === undefined) return;
      this.#idleBytes -= buffer.length;
    }
  }

  /** A buffer of the largest size that is no more than `wantedBytes` and than a taker's share. */
  take(wantedBytes: number): Buffer {
    const index = this.#indexFor(wantedBytes);
    const kept = this.#free[index]?.pop();
    if (kept !== undefined) this.#idleBytes -= kept.length;
    const buffer = kept ?? Buffer.allocUnsafeSlow(sizes[index] ?? 0);
    this.#outBytes += buffer.length;
    return buffer;
  }

  /** Takes back what {@link take} gave, once nobody reads from it or writes to it any more. */
  give(buffer: Buffer): void {
    this.#outBytes -= buffer.length;
    if (this.#idleBytes + buffer.length > this.#mostIdleBytes) return;
    const index = sizes.findIndex((size) => size === buffer.length);
    if (index < this.#indexFor(largestBufferBytes)) return;
    this.#free[index]?.push(buffer);
    this.#idleBytes += buffer.length;
  }

  get #mostIdleBytes(): number {
    return Math.max(this.#keptBytes, this.#takers * sizes[smallest]);
  }

  #indexFor(wantedBytes: number): number {
    const limit = Math.min(wantedBytes, this.#budgetBytes / Math.max(1, this.#takers));
    const index = sizes.findIndex((size) => size <= limit);
    return index === -1 ? smallest : index;
  }

  /** Of sizes that nobody is given any more. */
  #letGo(): void {
    for (const idle of this.#free.slice(0, this.#indexFor(largestBufferBytes))) {
      for (const { length } of idle.splice(0)) this.#idleBytes -= length;
    }
  }
}
