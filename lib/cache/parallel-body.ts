/**
 * The bytes of a very large blob in order, fetched piece by piece over several connections: for
 * upstreams that give each of them little. It is only ever a way to be faster: at the first thing
 * that goes wrong the rest comes over one connection, as it would have without.
 */

/** What is fetched at once over one connection, and held until its turn comes. */
const pieceBytes = 8 * 1024 * 1024;

/** In which a piece is handed on, so that whoever takes it has time for others. */
const handedBytes = 256 * 1024;

export interface ParallelBodyOptions {
  /** Of the whole blob. */
  readonly sizeBytes: number;
  /** How many pieces are fetched at once; 2 at least. */
  readonly connections: number;
  /** The blob from its first byte on, over the connection that is already open. */
  readonly first: AsyncIterable<Buffer>;
  /**
   * The bytes from `firstByte` to `lastByte`, in pieces; ends by `signal`. Whatever is not exactly
   * those is a failure.
   */
  piece(firstByte: number, lastByte: number, signal: AbortSignal): Promise<readonly Buffer[]>;
  /** The blob from `firstByte` to its end, however often that must be asked for. */
  rest(firstByte: number): AsyncIterable<Buffer>;
  /** Told why the rest comes over one connection. */
  onFallback(error: unknown, firstByte: number): void;
}

/** @throws what `first` and `rest` end with */
export async function* parallelBody(
  options: ParallelBodyOptions,
): AsyncGenerator<Buffer, void, undefined> {
  const { sizeBytes, first } = options;
  const ahead = new PiecesAhead(options);
  try {
    let position = 0;
    for await (const chunk of first) {
      const wanted = chunk.subarray(0, Math.min(pieceBytes, sizeBytes) - position);
      position += wanted.length;
      yield wanted;
      if (position >= pieceBytes) break;
    }
    while (position < sizeBytes) {
      let piece: readonly Buffer[];
      try {
        piece = await ahead.next();
      } catch (error) {
        options.onFallback(error, position);
        ahead.stop();
        yield* options.rest(position);
        return;
      }
      for (const bytes of piece) {
        for (let offset = 0; offset < bytes.length; offset += handedBytes) {
          yield bytes.subarray(offset, offset + handedBytes);
        }
        position += bytes.length;
      }
    }
  } finally {
    ahead.stop();
  }
}

/** The pieces after the first, as many on their way as there are connections left for them. */
class PiecesAhead {
  readonly #options: ParallelBodyOptions;
  readonly #stopping = new AbortController();
  readonly #pieces: Promise<readonly Buffer[]>[] = [];
  #asked = pieceBytes;

  constructor(options: ParallelBodyOptions) {
    this.#options = options;
    for (let count = 1; count < options.connections; count += 1) this.#ask();
  }

  async next(): Promise<readonly Buffer[]> {
    // The connection of the piece before is free.
    this.#ask();
    const piece = this.#pieces.shift();
    if (piece === undefined) throw new RangeError('there is no further piece');
    return await piece;
  }

  /** Idempotent. */
  stop(): void {
    this.#stopping.abort(new Error('no longer wanted'));
  }

  #ask(): void {
    const first = this.#asked;
    if (first >= this.#options.sizeBytes) return;
    const last = Math.min(first + pieceBytes, this.#options.sizeBytes) - 1;
    this.#asked = last + 1;
    const piece = this.#options.piece(first, last, this.#stopping.signal);
    // Told to whoever takes it.
    piece.catch(() => undefined);
    this.#pieces.push(piece);
  }
}
