/** Reads verified content from the store as a {@link BlobReader}, piece by piece. */
import type { ByteRange } from '../net/byte-range.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { StoredBlob } from '../store/blob-store.ts';
import type { BlobReader } from './fill-reader.ts';

const pieceBytes = 256 * 1024;

/** The whole content where `range` is undefined. Closing the reader leaves `blob` open. */
export function storedReader(blob: StoredBlob, range: ByteRange | undefined): BlobReader {
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
        const piece = await blob.read(position, Math.min(pieceBytes, end - position));
        if (piece.length === 0) {
          throw new MirrorgateError(
            'MIRRORGATE_CACHE_TRUNCATED',
            'a cached file became shorter while it was read',
          );
        }
        yield piece;
        position += piece.length;
      }
    },
  };
}
