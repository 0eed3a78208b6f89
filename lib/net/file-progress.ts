/**
 * How a worker tells an edge, in the body of an answer, how far a file may be read that is still
 * arriving: a line for each position reached, which is that after the last byte to be read. Where
 * the disk fails the line `!` ends them, and the bytes from the last position on follow themselves.
 */
import { MirrorgateError } from '../errors/mirrorgate-error.ts';

const bytesFollow = '!';

/** Longer than any position is. */
const maxLineLength = 20;

export function progressLine(position: number): string {
  return `${position}\n`;
}

export const bytesFollowLine = `${bytesFollow}\n`;

/** The receiving end. */
export class FileProgress {
  readonly #end: number;
  #position: number;
  #line = '';
  #bytesFollow = false;

  /** Of the bytes from `first` up to `end`, which is not read itself. */
  constructor(first: number, end: number) {
    this.#position = first;
    this.#end = end;
  }

  /** How far the file may be read. */
  get position(): number {
    return this.#position;
  }

  /** The line was read after which the bytes follow themselves. */
  get bytesFollow(): boolean {
    return this.#bytesFollow;
  }

  /**
   * Takes a piece of the answer's body; returns what of it is content, from {@link position} on.
   * @throws MirrorgateError `MIRRORGATE_WORKER_PROGRESS` where it is neither
   */
  take(chunk: Buffer): Buffer {
    let offset = 0;
    while (offset < chunk.length && !this.#bytesFollow) {
      const lineEnd = chunk.indexOf('\n', offset);
      const end = lineEnd === -1 ? chunk.length : lineEnd;
      if (this.#line.length + end - offset > maxLineLength) throw senseless();
      this.#line += chunk.toString('latin1', offset, end);
      offset = end + 1;
      if (lineEnd === -1) continue;
      this.#takeLine(this.#line);
      this.#line = '';
    }
    return chunk.subarray(offset);
  }

  #takeLine(line: string): void {
    if (line === bytesFollow) {
      this.#bytesFollow = true;
      return;
    }
    const position = /^[0-9]+$/.test(line) ? Number(line) : NaN;
    if (!(position > this.#position && position <= this.#end)) throw senseless();
    this.#position = position;
  }
}

function senseless(): MirrorgateError {
  return new MirrorgateError(
    'MIRRORGATE_WORKER_PROGRESS',
    'the cache process tells no progress of a file that makes sense',
  );
}
