/**
 * Lines on their way to a file descriptor, many in one write, off the main thread. Whoever reads
 * them slowly, or not at all, holds up nobody: what finds no room is dropped and counted.
 */
import { write, writeSync } from 'node:fs';

export interface LineOutputOptions {
  readonly fd: number;
  /** The line that tells how many are missing where it stands. */
  readonly droppedLine: (count: number) => string;
  /** What may wait; 1 MiB unless told. */
  readonly maxPendingLength?: number;
}

/** Lines of one moment go out together. */
const gatherMs = 20;

const defaultMaxPendingLength = 1024 * 1024;

export class LineOutput {
  readonly #options: LineOutputOptions;
  readonly #maxPendingLength: number;
  #pending: string[] = [];
  #pendingLength = 0;
  #dropped = 0;
  #isWriting = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LineOutputOptions) {
    this.#options = options;
    this.#maxPendingLength = options.maxPendingLength ?? defaultMaxPendingLength;
  }

  /** `line` ends with its line break. */
  write(line: string): void {
    if (this.#pendingLength + line.length > this.#maxPendingLength) {
      this.#dropped += 1;
      return;
    }
    this.#add(line);
    if (!this.#isWriting) this.#timer ??= setTimeout(() => this.#flush(), gatherMs).unref();
  }

  /** For the end of the process: what is left, unless someone reads too slowly already. */
  flushSync(): void {
    clearTimeout(this.#timer);
    if (this.#isWriting || this.#pending.length === 0) return;
    try {
      let rest = Buffer.from(this.#take());
      while (rest.length > 0) rest = rest.subarray(writeSync(this.#options.fd, rest));
    } catch {
      // Nobody is left to read it, and nobody to be told.
    }
  }

  #flush(): void {
    this.#timer = undefined;
    if (this.#pending.length === 0) return;
    this.#isWriting = true;
    this.#writeAll(Buffer.from(this.#take()));
  }

  #writeAll(bytes: Buffer): void {
    write(this.#options.fd, bytes, (error, written) => {
      // Whoever reads the log may leave (`2>&1 | head`); there is no other place to say so.
      const rest = error === null ? bytes.subarray(written) : undefined;
      if (rest !== undefined && rest.length > 0) {
        this.#writeAll(rest);
        return;
      }
      this.#isWriting = false;
      if (this.#dropped > 0) {
        this.#add(this.#options.droppedLine(this.#dropped));
        this.#dropped = 0;
      }
      if (this.#pending.length > 0)
        this.#timer ??= setTimeout(() => this.#flush(), gatherMs).unref();
    });
  }

  #add(line: string): void {
    this.#pending.push(line);
    this.#pendingLength += line.length;
  }

  #take(): string {
    const text = this.#pending.join('');
    this.#pending = [];
    this.#pendingLength = 0;
    return text;
  }
}
