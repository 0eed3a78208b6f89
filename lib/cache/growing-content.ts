/**
 * Bytes that are still arriving, readable from the first on: the newest in memory, the rest in the
 * writer's file. If the disk fails, the bytes stay in memory until every reader has passed them.
 */
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { BlobWriter } from '../store/blob-store.ts';
import { PendingBytes } from './pending-bytes.ts';
import { Wakeup } from './wakeup.ts';

/** Received but not yet passed on: above this, {@link GrowingContent.room} waits. */
const maxPendingBytes = 8 * 1024 * 1024;

/** Largest batch given to the disk at once. */
const maxBatchBytes = 1024 * 1024;

/** Where one reader stands; what lies before the last of them may be forgotten. */
export interface ReaderPosition {
  position: number;
}

export class GrowingContent {
  /** Woken when the disk has taken more, or has failed. */
  readonly written = new Wakeup();
  readonly #writer: BlobWriter | undefined;
  readonly #onDiskTrouble: (error: unknown) => void;
  readonly #pending = new PendingBytes();
  readonly #readers = new Set<ReaderPosition>();
  readonly #moved = new Wakeup();
  #writtenBytes = 0;
  #diskWorks: boolean;
  #draining: Promise<void> | undefined;

  /** Without a writer it lives in memory alone. */
  constructor(writer: BlobWriter | undefined, onDiskTrouble: (error: unknown) => void) {
    this.#writer = writer;
    this.#diskWorks = writer !== undefined;
    this.#onDiskTrouble = onDiskTrouble;
  }

  /** Bytes received so far. */
  get sizeBytes(): number {
    return this.#pending.end;
  }

  /** Bytes that the writer's file has, from the first on. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /** False without a writer, and once it has failed. */
  get diskWorks(): boolean {
    return this.#diskWorks;
  }

  /** Whether a new reader can begin at the first byte. */
  get isWhole(): boolean {
    return this.#pending.start <= this.#writtenBytes;
  }

  /** Whether someone still reads, or the disk still takes what comes. */
  get isWanted(): boolean {
    return this.#diskWorks || this.#readers.size > 0;
  }

  append(bytes: Buffer): void {
    this.#pending.append(bytes);
    if (this.#diskWorks) this.#draining ??= this.#drain();
  }

  /** Resolves when more may be appended: at the pace of the disk, else of the slowest reader. */
  async room(): Promise<void> {
    while (this.#pending.sizeBytes > maxPendingBytes && this.isWanted) {
      await this.#moved.next();
    }
  }

  /** Registers a reader; from then on its bytes are kept until it moves or leaves. */
  enter(position: number): ReaderPosition {
    const reader = { position };
    this.#readers.add(reader);
    return reader;
  }

  moved(reader: ReaderPosition, position: number): void {
    reader.position = position;
    this.#forget();
  }

  leave(reader: ReaderPosition): void {
    this.#readers.delete(reader);
    this.#forget();
  }

  /** Some of the bytes at `position`, which must have been received; `length` at most. */
  async read(position: number, length: number): Promise<Buffer> {
    const recent = this.#pending.slice(position, length);
    if (recent !== undefined) return recent;
    if (this.#writer === undefined || position >= this.#writtenBytes) {
      throw new MirrorgateError('MIRRORGATE_CACHE_PASSED', 'the bytes are no longer in memory', {
        hint: 'the disk cannot be written; ask for the blob again',
      });
    }
    return this.#writer.read(position, Math.min(length, this.#writtenBytes - position));
  }

  /** Waits for the disk to have taken everything; false where it failed. */
  async flushed(): Promise<boolean> {
    await this.#draining;
    return this.#diskWorks;
  }

  async #drain(): Promise<void> {
    if (this.#writer === undefined) return;
    while (this.#writtenBytes < this.#pending.end) {
      const batch = this.#pending.chunksFrom(this.#writtenBytes, maxBatchBytes);
      try {
        await this.#writer.write(batch);
      } catch (error) {
        this.#diskWorks = false;
        this.#onDiskTrouble(error);
        this.written.wake();
        break;
      }
      this.#writtenBytes += batch.reduce((sum, chunk) => sum + chunk.length, 0);
      this.#pending.dropBefore(this.#writtenBytes);
      this.written.wake();
      this.#moved.wake();
    }
    this.#draining = undefined;
    this.#forget();
  }

  /** Without a disk, what every reader has passed is let go. */
  #forget(): void {
    if (!this.#diskWorks) {
      const slowest = Math.min(...[...this.#readers].map(({ position }) => position));
      if (this.#pending.sizeBytes > maxPendingBytes / 2) this.#pending.dropBefore(slowest);
    }
    this.#moved.wake();
  }
}
