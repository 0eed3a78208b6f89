/**
 * Memory that file content passes through: buffers of four sizes, used again and again. The more
 * is out, the smaller are those that are given, so that many slow clients cost no more than a few
 * fast ones; nobody ever waits for one.
 */

/** Largest first. The smallest is what a slow client, or anyone in a crowd, gets. */
const sizes = [1024 * 1024, 256 * 1024, 64 * 1024, 16 * 1024] as const;

export const largestBufferBytes = sizes[0];

/** Up to which share of the budget each size is given out. */
const shares = [0.25, 0.5, 1, Infinity] as const;

export class BufferPool {
  readonly #budgetBytes: number;
  readonly #keptBytes: number;
  readonly #free: Buffer[][] = sizes.map(() => []);
  #outBytes = 0;
  #freeBytes = 0;

  /** At most `keptBytes` lie idle, and none of the large ones once the budget is spent. */
  constructor({ budgetBytes, keptBytes }: { budgetBytes: number; keptBytes: number }) {
    this.#budgetBytes = budgetBytes;
    this.#keptBytes = keptBytes;
  }

  /** What is in use. */
  get outBytes(): number {
    return this.#outBytes;
  }

  /** What lies idle. */
  get idleBytes(): number {
    return this.#freeBytes;
  }

  /** A buffer of the largest size that is no more than `wantedBytes` and that there is room for. */
  take(wantedBytes: number): Buffer {
    const share = this.#outBytes / this.#budgetBytes;
    let index = 0;
    while (index < sizes.length - 1 && !(sizeAt(index) <= wantedBytes && share < shareAt(index))) {
      index += 1;
    }
    const kept = this.#free[index]?.pop();
    if (kept !== undefined) this.#freeBytes -= kept.length;
    const buffer = kept ?? Buffer.allocUnsafeSlow(sizeAt(index));
    this.#outBytes += buffer.length;
    this.#letGo();
    return buffer;
  }

  /** Takes back what {@link take} gave, once nobody reads from it or writes to it any more. */
  give(buffer: Buffer): void {
    this.#outBytes -= buffer.length;
    if (this.#freeBytes + buffer.length > this.#keptBytes) return;
    this.#free[sizes.findIndex((size) => size === buffer.length)]?.push(buffer);
    this.#freeBytes += buffer.length;
    this.#letGo();
  }

  /** A crowd has no use for large ones. */
  #letGo(): void {
    for (const idle of this.#free.slice(0, -1)) {
      while (this.#outBytes + this.#freeBytes > this.#budgetBytes) {
        const buffer = idle.pop();
        if (buffer === undefined) break;
        this.#freeBytes -= buffer.length;
      }
    }
  }
}

function sizeAt(index: number): number {
  return sizes[index] ?? 0;
}

function shareAt(index: number): number {
  return shares[index] ?? Infinity;
}
