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
  /** Of the last write: it comes before everything else. */
  #rest: Buffer = Buffer.alloc(0);
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
    if (!this.#isWriting) this.#schedule();
  }

  /** For the end of the process: what is left, as far as someone takes it at once. */
  flushSync(): void {
    clearTimeout(this.#timer);
    if (this.#isWriting) return;
    let rest = Buffer.concat([this.#rest, Buffer.from(this.#take())]);
    try {
      while (rest.length > 0) rest = rest.subarray(writeSync(this.#options.fd, rest));
    } catch {
      // Nobody is left to read it, and nobody to be told.
    }
  }

  #flush(): void {
    this.#timer = undefined;
    const bytes = this.#rest.length > 0 ? this.#rest : Buffer.from(this.#take());
    if (bytes.length === 0) return;
    this.#isWriting = true;
    write(this.#options.fd, bytes, (error, written) => {
      this.#isWriting = false;
      this.#rest = restOf(bytes, error, written);
      if (this.#dropped > 0 && this.#rest.length === 0) {
        this.#add(this.#options.droppedLine(this.#dropped));
        this.#dropped = 0;
      }
      if (this.#rest.length + this.#pending.length > 0) this.#schedule();
    });
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => this.#flush(), gatherMs).unref();
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

/** Whoever reads may be slow (`EAGAIN` of a pipe that does not block) or have left (`EPIPE`). */
function restOf(bytes: Buffer, error: NodeJS.ErrnoException | null, written: number): Buffer {
  if (error === null) return bytes.subarray(written);
  return error.code === 'EAGAIN' ? bytes : Buffer.alloc(0);
}
