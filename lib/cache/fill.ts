/**
 * One blob on its way in, and everyone who reads it meanwhile. The fill belongs to the cache, not
 * to a reader: readers come and go; the bytes are fetched once, hashed once, stored once. No
 * reader ever gets the last bytes of content whose digest is wrong.
 */
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { digestAlgorithm, digestFromHash, digestHash, type Digest } from '../oci/digest.ts';
import type { BlobWriter } from '../store/blob-store.ts';
import type { Clock } from '../time/clock.ts';
import { Arrival } from './arrival.ts';
import { FillReader, type BlobReader } from './fill-reader.ts';
import { GrowingContent } from './growing-content.ts';

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

export class Fill {
  readonly digest: Digest;
  readonly #options: FillOptions;
  readonly #content: GrowingContent;
  readonly #arrival: Arrival;
  readonly #outcome: Promise<FillOutcome>;
  #isSettled = false;
  #isAbandoned = false;
  #readers = 0;

  /** Begins at once. */
  constructor(options: FillOptions) {
    this.digest = options.digest;
    this.#options = options;
    this.#content = new GrowingContent(options.writer, options.onDiskTrouble);
    this.#arrival = new Arrival(this.#content, options.sizeBytes);
    this.#outcome = this.#run();
  }

  /** The blob's size: as the upstream said, else known once all of it came. */
  get sizeBytes(): number | undefined {
    return this.#arrival.sizeBytes;
  }

  /** Where an edge on this machine may read what has come; undefined where the disk fails. */
  get path(): string | undefined {
    return this.#content.diskWorks ? this.#options.writer?.path : undefined;
  }

  /** Whether a further reader can be served from the first byte on. */
  get isOpen(): boolean {
    const isOver = this.#arrival.state === 'failed' || this.#isSettled || this.#isAbandoned;
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
  reader(first: number, last?: number): BlobReader {
    this.#readers += 1;
    return new FillReader({
      ...{ arrival: this.#arrival, name: this.digest, first, last },
      clock: this.#options.clock,
      onClose: () => this.#left(),
    });
  }

  async #run(): Promise<FillOutcome> {
    const { writer } = this.#options;
    try {
      await this.#receive();
      this.#arrival.verified();
      return { sizeBytes: this.#content.sizeBytes, stored: await this.#keep() };
    } catch (error) {
      this.#arrival.failed(error);
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
      this.#arrival.progress.wake();
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

  #left(): void {
    this.#readers -= 1;
    if (this.#readers === 0 && this.#arrival.state === 'running') {
      this.#isAbandoned = !this.#options.finishesFor(this.#content.sizeBytes);
    }
    this.#closeWhenIdle();
  }

  #closeWhenIdle(): void {
    const { writer, onDiskTrouble } = this.#options;
    if (!this.#isSettled || this.#readers > 0 || writer === undefined) return;
    writer.close().catch(onDiskTrouble);
  }

  #invalid(reason: string): MirrorgateError {
    return new MirrorgateError(
      'MIRRORGATE_CONTENT_INVALID',
      `the upstream's blob ${this.digest} was refused: ${reason}`,
    );
  }
}
