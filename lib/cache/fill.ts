/**
 * One blob on its way in, and everyone who reads it meanwhile. The fill belongs to the cache, not
 * to a reader: readers come and go; the bytes are fetched once, hashed once, stored once. No
 * reader ever gets the last bytes of content whose digest is wrong.
 */
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { digestAlgorithm, digestFromHash, digestHash, type Digest } from '../oci/digest.ts';
import type { BlobWriter } from '../store/blob-store.ts';
import type { Clock } from '../time/clock.ts';
import { GrowingContent, type ReaderPosition } from './growing-content.ts';
import { Wakeup } from './wakeup.ts';

/** Held back from every reader until the digest is known to be right. */
export const holdbackBytes = 64 * 1024;

/** How long a reader is kept without an answer. */
const patienceMs = 10_000;

/** Largest piece that a reader is handed at once. */
const maxPieceBytes = 128 * 1024;

export interface FillOptions {
  readonly digest: Digest;
  /** Undefined where the upstream did not say. */
  readonly sizeBytes: number | undefined;
  /** The blob's bytes from the first on. Leaving its iteration early ends the transfer. */
  readonly bytes: AsyncIterable<Buffer>;
  /** Undefined where the disk cannot be written: the fill then serves its readers from memory. */
  readonly writer: BlobWriter | undefined;
  /** Told once when the disk fails; readers notice nothing. */
  readonly onDiskTrouble: (error: unknown) => void;
  /** Asked each time a reader leaves: whether to go on for nobody, `received` bytes in. */
  readonly finishesFor: (received: number) => boolean;
  /** Called once, when nothing more will be written. */
  readonly onSettled: () => void;
  readonly clock: Clock;
}

export interface FillOutcome {
  readonly sizeBytes: number;
  /** False where the content was right and the disk was not. */
  readonly stored: boolean;
}

/** A reader of a fill. `close` must be called, read to the end or not. */
export interface FillReader {
  /**
   * Waits until the first byte may be given out, so that a fill which fails before that can still
   * be answered with an error. Resolves with false where it is still far off after ten seconds in
   * which others came: the answer must begin, its body will follow. Rejects with the fill's
   * failure, or where nothing came in that time: clients hang on an answer that is silent.
   */
  ready(): Promise<boolean>;
  /** The bytes as they come. Throws the fill's failure in place of the held-back ones. */
  read(): AsyncGenerator<Buffer, void, undefined>;
  close(): void;
}

export class Fill {
  readonly digest: Digest;
  readonly #options: FillOptions;
  readonly #content: GrowingContent;
  readonly #progress = new Wakeup();
  readonly #outcome: Promise<FillOutcome>;
  #state: 'running' | 'verified' | 'failed' = 'running';
  #failure: unknown;
  #isSettled = false;
  #isAbandoned = false;
  #readers = 0;

  /** Begins at once. */
  constructor(options: FillOptions) {
    this.digest = options.digest;
    this.#options = options;
    this.#content = new GrowingContent(options.writer, options.onDiskTrouble);
    this.#outcome = this.#run();
  }

  /** The blob's size: as the upstream said, else known once all of it came. */
  get sizeBytes(): number | undefined {
    return this.#state === 'verified' ? this.#content.sizeBytes : this.#options.sizeBytes;
  }

  /** Whether a further reader can be served from the first byte on. */
  get isOpen(): boolean {
    const isOver = this.#state === 'failed' || this.#isSettled || this.#isAbandoned;
    return !isOver && this.#content.isWhole;
  }

  /**
   * Settles when the content is verified and kept (or could not be kept); rejects with the
   * upstream's error, `MIRRORGATE_CONTENT_INVALID` where the bytes were not the digest's, or
   * `MIRRORGATE_CACHE_ABANDONED` where nobody wanted them any more.
   */
  outcome(): Promise<FillOutcome> {
    return this.#outcome;
  }

  /** A reader of the bytes from `first` to `last` inclusive, to the end where undefined. */
  reader(first: number, last?: number): FillReader {
    const entry = this.#content.enter(first);
    let isReading = true;
    this.#readers += 1;
    return {
      ready: () => this.#ready(first),
      read: () => this.#read(entry, last === undefined ? Infinity : last + 1),
      close: () => {
        if (!isReading) return;
        isReading = false;
        this.#leave(entry);
      },
    };
  }

  async #run(): Promise<FillOutcome> {
    const { writer } = this.#options;
    try {
      await this.#receive();
      this.#state = 'verified';
      this.#progress.wake();
      return { sizeBytes: this.#content.sizeBytes, stored: await this.#keep() };
    } catch (error) {
      this.#state = 'failed';
      this.#failure = error;
      this.#progress.wake();
      await this.#content.flushed();
      await writer?.discard();
      throw error;
    } finally {
      this.#isSettled = true;
      this.#options.onSettled();
      this.#closeWhenIdle();
    }
  }

  async #receive(): Promise<void> {
    const { digest, sizeBytes, bytes } = this.#options;
    const hash = digestHash(digest);
    for await (const chunk of bytes) {
      hash.update(chunk);
      this.#content.append(chunk);
      if (sizeBytes !== undefined && this.#content.sizeBytes > sizeBytes) break;
      this.#progress.wake();
      await this.#content.room();
      if (this.#isAbandoned || !this.#content.isWanted) {
        throw new MirrorgateError('MIRRORGATE_CACHE_ABANDONED', `nobody reads ${digest} any more`);
      }
    }
    const received = this.#content.sizeBytes;
    if (sizeBytes !== undefined && received !== sizeBytes) {
      throw this.#invalid(`${received} bytes came where ${sizeBytes} were announced`);
    }
    const found = digestFromHash(hash, digestAlgorithm(digest));
    if (found !== digest) throw this.#invalid(`its bytes are those of ${found}`);
  }

  async #keep(): Promise<boolean> {
    const { writer, onDiskTrouble } = this.#options;
    if (writer === undefined) return false;
    if (!(await this.#content.flushed())) {
      await writer.discard();
      return false;
    }
    try {
      await writer.commit(this.digest);
      return true;
    } catch (error) {
      onDiskTrouble(error);
      return false;
    }
  }

  async #ready(position: number): Promise<boolean> {
    const receivedBefore = this.#content.sizeBytes;
    const late = Promise.withResolvers<'late'>();
    const timer = this.#options.clock.after(patienceMs, () => late.resolve('late'));
    try {
      while (this.#state === 'running' && this.#releasedBytes() <= position) {
        if ((await Promise.race([this.#progress.next(), late.promise])) !== 'late') continue;
        if (this.#content.sizeBytes > receivedBefore) return false;
        throw this.#silent();
      }
    } finally {
      timer.cancel();
    }
    if (this.#state === 'failed' && this.#releasedBytes() <= position) throw this.#failure;
    return true;
  }

  async *#read(entry: ReaderPosition, end: number): AsyncGenerator<Buffer, void, undefined> {
    while (entry.position < end) {
      const available = Math.min(end, this.#releasedBytes()) - entry.position;
      if (available > 0) {
        const { position } = entry;
        const piece = await this.#content.read(position, Math.min(available, maxPieceBytes));
        yield piece;
        this.#content.moved(entry, position + piece.length);
      } else {
        if (this.#state === 'verified') return;
        if (this.#state === 'failed') throw this.#failure;
        await this.#progress.next();
      }
    }
  }

  #leave(entry: ReaderPosition): void {
    this.#readers -= 1;
    if (this.#readers === 0 && this.#state === 'running') {
      this.#isAbandoned = !this.#options.finishesFor(this.#content.sizeBytes);
    }
    this.#content.leave(entry);
    this.#closeWhenIdle();
  }

  /** How many bytes from the first on may be given out. */
  #releasedBytes(): number {
    const received = this.#content.sizeBytes;
    if (this.#state === 'verified') return received;
    const size = this.#options.sizeBytes ?? received;
    return Math.max(0, Math.min(received, size - holdbackBytes));
  }

  #closeWhenIdle(): void {
    const { writer, onDiskTrouble } = this.#options;
    if (!this.#isSettled || this.#readers > 0 || writer === undefined) return;
    writer.close().catch(onDiskTrouble);
  }

  #silent(): MirrorgateError {
    return new MirrorgateError(
      'MIRRORGATE_UPSTREAM_UNREACHABLE',
      `nothing of ${this.digest} came from the upstream for ${patienceMs} ms`,
    );
  }

  #invalid(reason: string): MirrorgateError {
    return new MirrorgateError(
      'MIRRORGATE_CONTENT_INVALID',
      `the upstream's blob ${this.digest} was refused: ${reason}`,
    );
  }
}
