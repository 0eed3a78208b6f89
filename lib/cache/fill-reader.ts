/** Reading a blob while it arrives: at the reader's own pace, and never past what is released. */
import { setTimeout as delay } from 'node:timers/promises';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { Clock } from '../time/clock.ts';
import type { Arrival } from './arrival.ts';
import type { ReaderPosition } from './growing-content.ts';

/** How long a reader is kept without an answer. */
const patienceMs = 10_000;

/** Largest piece that a reader is handed at once. */
const maxPieceBytes = 128 * 1024;

/** Between two positions told: enough comes meanwhile to be worth it. */
const progressIntervalMs = 5;

/** Takes a blob, or a range of it. `close` must be called, read to the end or not. */
export interface BlobReader {
  /**
   * Waits until the first byte may be given out, so that a fill which fails before that can still
   * be answered with an error. Resolves with false where it is still far off after ten seconds in
   * which others came: the answer must begin, its body will follow. Rejects with the fill's
   * failure, or where nothing came in that time: clients hang on an answer that is silent.
   */
  ready(): Promise<boolean>;
  /** The bytes as they come. Throws the fill's failure in place of the held-back ones. */
  read(): AsyncGenerator<Buffer, void, undefined>;
  /**
   * For who reads the file by himself: how far he may, each time it is further. Ends before the
   * range does where the disk fails; {@link read} then gives the rest. Throws as that does.
   */
  progress(): AsyncGenerator<number, void, undefined>;
  close(): void;
}

export interface FillReaderOptions {
  readonly arrival: Arrival;
  /** For errors. */
  readonly name: string;
  readonly first: number;
  /** Inclusive; to the end where undefined. */
  readonly last: number | undefined;
  readonly clock: Clock;
  /** Called once. */
  readonly onClose: () => void;
}

export class FillReader implements BlobReader {
  readonly #options: FillReaderOptions;
  readonly #place: ReaderPosition;
  readonly #end: number;
  #isClosed = false;

  constructor(options: FillReaderOptions) {
    const { arrival, first, last } = options;
    this.#options = options;
    this.#place = arrival.content.enter(first);
    this.#end = Math.min(last === undefined ? Infinity : last + 1, arrival.sizeBytes ?? Infinity);
  }

  async ready(): Promise<boolean> {
    const { arrival, first, clock } = this.#options;
    const receivedBefore = arrival.content.sizeBytes;
    const late = Promise.withResolvers<'late'>();
    const timer = clock.after(patienceMs, () => late.resolve('late'));
    try {
      while (arrival.state === 'running' && arrival.releasedBytes <= first) {
        if ((await Promise.race([arrival.progress.next(), late.promise])) !== 'late') continue;
        if (arrival.content.sizeBytes > receivedBefore) return false;
        throw this.#silent();
      }
    } finally {
      timer.cancel();
    }
    if (arrival.state === 'failed' && arrival.releasedBytes <= first) throw arrival.failure;
    return true;
  }

  async *read(): AsyncGenerator<Buffer, void, undefined> {
    const { arrival } = this.#options;
    const { content } = arrival;
    while (this.#place.position < this.#end) {
      const { position } = this.#place;
      const available = Math.min(this.#end, arrival.releasedBytes) - position;
      if (available > 0) {
        const piece = await content.read(position, Math.min(available, maxPieceBytes));
        yield piece;
        content.moved(this.#place, position + piece.length);
      } else {
        if (arrival.state === 'verified') return;
        if (arrival.state === 'failed') throw arrival.failure;
        await arrival.progress.next();
      }
    }
  }

  async *progress(): AsyncGenerator<number, void, undefined> {
    const { arrival } = this.#options;
    const { content } = arrival;
    while (this.#place.position < this.#end) {
      const readable = Math.min(this.#end, arrival.releasedBytes, content.writtenBytes);
      if (readable > this.#place.position) {
        content.moved(this.#place, readable);
        yield readable;
        if (readable < this.#end) await delay(progressIntervalMs);
      } else {
        if (arrival.state === 'failed') throw arrival.failure;
        if (!content.diskWorks) return;
        await content.written.next();
      }
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#options.arrival.content.leave(this.#place);
    this.#options.onClose();
  }

  #silent(): MirrorgateError {
    return new MirrorgateError(
      'MIRRORGATE_UPSTREAM_UNREACHABLE',
      `nothing of ${this.#options.name} came from the upstream for ${patienceMs} ms`,
    );
  }
}
