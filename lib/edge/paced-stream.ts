/** Bytes that pass no faster than a client's {@link Pace} permits, where there is no answer to pace. */
import { Transform, type TransformCallback } from 'node:stream';
import type { Pace } from './paced-response.ts';

export class PacedStream extends Transform {
  readonly #pace: Pace;
  #hold: NodeJS.Timeout | undefined;

  constructor(pace: Pace) {
    super();
    this.#pace = pace;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.push(chunk);
    const waitMs = this.#pace.take(chunk.length);
    if (waitMs < 1) done();
    else this.#hold = setTimeout(done, waitMs);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#hold);
    done(error);
  }
}
