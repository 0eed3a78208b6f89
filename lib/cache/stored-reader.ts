/**
 * Reads verified content from the store as a {@link BlobReader}, piece by piece. Where the disk
 * breaks off in the middle, the reader goes on with what can be had of the same content elsewhere.
 */
import type { ByteRange } from '../net/byte-range.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { StoredBlob } from '../store/blob-store.ts';
import type { BlobReader } from './fill-reader.ts';

const pieceBytes = 256 * 1024;

/** Another place to read the blob from. */
export interface Source {
  reader(range: ByteRange): BlobReader;
  close(): Promise<void>;
}

/** Told what is wrong with the file, and asked where else the blob can be had. */
export type Recovery = (error: unknown) => Promise<Source>;

export interface StoredReaderOptions {
  /** The whole content where undefined. */
  readonly range: ByteRange | undefined;
  /** Without it, what breaks off is thrown. */
  readonly recover: Recovery | undefined;
}

/** Closing the reader leaves `blob` open. */
export function storedReader(
  blob: StoredBlob,
  { range, recover }: StoredReaderOptions,
): BlobReader {
  const end = range === undefined ? blob.sizeBytes : range.last + 1;
  return {
    ready: () => Promise.resolve(true),
    close: () => undefined,
    // eslint-disable-next-line @typescript-eslint/require-await -- all of it is there
    async *progress() {
      yield end;
    },
    async *read() {
      let position = range?.first ?? 0;
      while (position < end) {
        const { bytes, failure } = await tryRead(blob, position, end);
        if (bytes === undefined) {
          if (recover === undefined) throw failure;
          yield* readElsewhere(await recover(failure), { first: position, last: end - 1 });
          return;
        }
        yield bytes;
        position += bytes.length;
      }
    },
  };
}

/** Apart from the yielding, whose errors are the taker's. */
async function tryRead(
  blob: StoredBlob,
  position: number,
  end: number,
): Promise<{ readonly bytes?: Buffer; readonly failure?: unknown }> {
  try {
    const bytes = await blob.read(position, Math.min(pieceBytes, end - position));
    return bytes.length > 0 ? { bytes } : { failure: truncated() };
  } catch (failure) {
    return { failure };
  }
}

async function* readElsewhere(
  source: Source,
  range: ByteRange,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    const reader = source.reader(range);
    await reader.ready();
    yield* reader.read();
  } finally {
    await source.close();
  }
}

function truncated(): MirrorgateError {
  return new MirrorgateError(
    'MIRRORGATE_CACHE_TRUNCATED',
    'a cached file became shorter while it was read',
  );
}
