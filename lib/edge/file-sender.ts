/**
 * Sends content from files: reads a piece while the one before it goes out, in buffers that are
 * used again, as large as the client is fast. No stream is made of it: at a GiB/s those cost more
 * than the encryption.
 */
import type { ServerResponse } from 'node:http';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { BufferPool, largestBufferBytes } from './buffer-pool.ts';
import type { CachedFile } from './cached-files.ts';
import { Outlet } from './outlet.ts';
import type { SmallFiles } from './small-files.ts';

/** Of all answers together; the TLS layer holds as much again. */
const memory = { budgetBytes: 8 * 1024 * 1024, keptBytes: 8 * 1024 * 1024 };

/** A piece is no larger than what the client takes in this time. */
const pieceMs = 50;

/** Nor than this share of what it has taken: the buffers of the kernel make anyone look fast. */
const pieceShare = 1 / 16;
const firstPieceBytes = 64 * 1024;

/** A file ends too early, or the disk does not give what is in it (`EIO`). */
export class BrokenFileError extends MirrorgateError {
  /** What comes before it was sent. */
  readonly position: number;

  constructor(position: number, cause: unknown) {
    super('MIRRORGATE_CACHE_BROKEN', 'a cached file cannot be read to its end', { cause });
    this.position = position;
  }
}

/** Of a file that is still arriving. */
export interface FileGrowth {
  /** How far it may be read: beyond `position` as soon as it may, `position` where it never will. */
  beyond(position: number): Promise<number>;
  /** Sees each piece before it is sent. */
  onPiece(piece: Buffer): void;
}

export class FileSender {
  readonly #pool: BufferPool;

  constructor(pool = new BufferPool(memory)) {
    this.#pool = pool;
  }

  /**
   * Sends the span of `file` into `response`, whose head is written, as far as it grows. Resolves
   * when all is sent or the client has left; neither is closed.
   * @throws BrokenFileError where the file cannot be read as far as it goes
   */
  async send(response: ServerResponse, file: CachedFile, growth?: FileGrowth): Promise<void> {
    const end = file.span.last + 1;
    const outlet = new Outlet(response);
    const passage = new Passage(this.#pool, file);
    this.#pool.enter();
    try {
      let sentBytes = 0;
      let wantedBytes = firstPieceBytes;
      while (passage.position < end && !outlet.isClosed) {
        const limit = growth === undefined ? end : await growth.beyond(passage.position);
        if (limit <= passage.position) break;
        const piece = await passage.next(wantedBytes, limit).catch((error: unknown) => {
          throw new BrokenFileError(file.span.first + sentBytes, error);
        });
        // One who takes the largest pieces does not wait for the disk.
        if (piece.length === largestBufferBytes) passage.readAhead(wantedBytes, limit);
        growth?.onPiece(piece);
        const begunMs = performance.now();
        await outlet.write(piece);
        passage.done(piece);
        sentBytes += piece.length;
        const bytesPerMs = piece.length / (performance.now() - begunMs);
        const trusted = Math.max(firstPieceBytes, sentBytes * pieceShare);
        wantedBytes = Math.min(bytesPerMs * pieceMs, trusted);
      }
    } finally {
      outlet.close();
      await passage.close();
      this.#pool.leave();
    }
  }
}

/** The disk that edge and worker share. */
export interface SharedDisk {
  readonly cacheDirectory: string;
  readonly small: SmallFiles;
  readonly sender: FileSender;
}

/** One file on its way through the pool. */
class Passage {
  readonly #pool: BufferPool;
  readonly #file: CachedFile;
  readonly #out = new Map<Buffer, Buffer>();
  #readTo: number;
  #ahead: Promise<Buffer> | undefined;
  #aheadBytes = 0;

  constructor(pool: BufferPool, file: CachedFile) {
    this.#pool = pool;
    this.#file = file;
    this.#readTo = file.span.first;
  }

  /** Of the first byte that has not been taken by {@link next}. */
  get position(): number {
    return this.#readTo - this.#aheadBytes;
  }

  /** The next piece, which ends before `limit`. */
  next(wantedBytes: number, limit: number): Promise<Buffer> {
    const ahead = this.#ahead ?? this.#read(wantedBytes, limit);
    this.#ahead = undefined;
    this.#aheadBytes = 0;
    return ahead;
  }

  readAhead(wantedBytes: number, limit: number): void {
    const before = this.#readTo;
    if (before >= limit) return;
    this.#ahead = this.#read(wantedBytes, limit);
    this.#aheadBytes = this.#readTo - before;
    // Told to whoever takes it.
    this.#ahead.catch(() => undefined);
  }

  /** The piece is no longer looked at by anyone. */
  done(piece: Buffer): void {
    const buffer = this.#out.get(piece);
    if (buffer !== undefined) this.#pool.give(buffer);
    this.#out.delete(piece);
  }

  async close(): Promise<void> {
    await this.#ahead?.catch(() => undefined);
    for (const piece of [...this.#out.keys()]) this.done(piece);
  }

  async #read(wantedBytes: number, limit: number): Promise<Buffer> {
    const { handle } = this.#file;
    const buffer = this.#pool.take(wantedBytes);
    const length = Math.min(buffer.length, limit - this.#readTo);
    const piece = buffer.subarray(0, length);
    this.#out.set(piece, buffer);
    const position = this.#readTo;
    this.#readTo += length;
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await handle.read(piece, filled, length - filled, position + filled);
      if (bytesRead === 0) throw truncated();
      filled += bytesRead;
    }
    return piece;
  }
}

function truncated(): Error {
  return new Error('it became shorter meanwhile');
}
