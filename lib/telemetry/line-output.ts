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
  readonly maxPendingBytes?: number;
}

/** Lines of one moment go out together. */
const gatherMs = 20;

const defaultMaxPendingBytes = 1024 * 1024;

const leastBufferBytes = 16 * 1024;

/** A larger one was for a moment that is over. */
const mostKeptBytes = 256 * 1024;

/** Of one UTF-16 code unit, in UTF-8. */
const maxUnitBytes = 3;

export class LineOutput {
  readonly #options: LineOutputOptions;
  readonly #maxPendingBytes: number;
  /**
   * Lines become bytes at once: strings that wait would be copied about by each collection of
   * garbage, which cost an edge more than the rest of its log.
   */
  #pending: Buffer = Buffer.allocUnsafeSlow(leastBufferBytes);
  #pendingBytes = 0;
  /** To gather in while the other is written. */
  #spare: Buffer | undefined;
  #dropped = 0;
  #isWriting = false;
  /** Of the last write: it comes before everything else. */
  #rest: Buffer = Buffer.alloc(0);
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LineOutputOptions) {
    this.#options = options;
    this.#maxPendingBytes = options.maxPendingBytes ?? defaultMaxPendingBytes;
  }

  /** `line` ends with its line break. */
  write(line: string): void {
    if (!this.#add(line, this.#maxPendingBytes)) this.#dropped += 1;
    else if (!this.#isWriting) this.#schedule();
  }

  /** For the end of the process: what is left, as far as someone takes it at once. */
  flushSync(): void {
    clearTimeout(this.#timer);
    if (this.#isWriting) return;
    let rest = Buffer.concat([this.#rest, this.#take()]);
    try {
      while (rest.length > 0) rest = rest.subarray(writeSync(this.#options.fd, rest));
    } catch {
      // Nobody is left to read it, and nobody to be told.
    }
  }

  #flush(): void {
    this.#timer = undefined;
    const bytes = this.#rest.length > 0 ? this.#rest : this.#take();
    if (bytes.length === 0) return;
    this.#isWriting = true;
    write(this.#options.fd, bytes, (error, written) => {
      this.#isWriting = false;
      this.#rest = restOf(bytes, error, written);
      if (this.#rest.length === 0) this.#wrote(bytes);
      if (this.#rest.length + this.#pendingBytes > 0) this.#schedule();
    });
  }

  #wrote(bytes: Buffer): void {
    const { byteLength } = bytes.buffer;
    if (byteLength <= mostKeptBytes) this.#spare = Buffer.from(bytes.buffer);
    if (this.#dropped === 0) return;
    this.#add(this.#options.droppedLine(this.#dropped), Infinity);
    this.#dropped = 0;
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => this.#flush(), gatherMs).unref();
  }

  /** False where more than `maxBytes` would wait. */
  #add(line: string, maxBytes: number): boolean {
    // A flood that finds no room is not written out first.
    if (this.#pendingBytes + line.length > maxBytes) return false;
    this.#makeRoom(line.length * maxUnitBytes);
    const end = this.#pendingBytes + this.#pending.write(line, this.#pendingBytes);
    if (end > maxBytes) return false;
    this.#pendingBytes = end;
    return true;
  }

  #makeRoom(bytes: number): void {
    const needed = this.#pendingBytes + bytes;
    if (needed <= this.#pending.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#pending.length));
    this.#pending.copy(larger, 0, 0, this.#pendingBytes);
    this.#pending = larger;
  }

  #take(): Buffer {
    const bytes = this.#pending.subarray(0, this.#pendingBytes);
    this.#pending = this.#spare ?? Buffer.allocUnsafeSlow(leastBufferBytes);
    this.#spare = undefined;
    this.#pendingBytes = 0;
    return bytes;
  }
}

/** Whoever reads may be slow (`EAGAIN` of a pipe that does not block) or have left (`EPIPE`). */
function restOf(bytes: Buffer, error: NodeJS.ErrnoException | null, written: number): Buffer {
  if (error === null) return bytes.subarray(written);
  return error.code === 'EAGAIN' ? bytes : Buffer.alloc(0);
}
