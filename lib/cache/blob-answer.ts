/** What a request for a blob gets: from the store, or from a transfer that is still running. */
import type { ByteRange } from '../net/byte-range.ts';
import type { CacheStatus } from '../net/cache-status.ts';
import type { StoredBlob } from '../store/blob-store.ts';
import type { BlobReader } from './fill-reader.ts';
import type { Fill } from './fill.ts';
import { storedReader, type Recovery } from './stored-reader.ts';

export interface BlobFile {
  readonly path: string;
  /** Else {@link BlobReader.progress} tells how far it may be read. */
  readonly isWhole: boolean;
}

export interface BlobAnswer {
  readonly cacheStatus: CacheStatus;
  /** Undefined only where the upstream streams without a length. */
  readonly sizeBytes: number | undefined;
  /** Where an edge on the same machine may read it by itself; undefined where it may not. */
  readonly file?: BlobFile | undefined;
  /** Begins reading; for a GET only, once at most. */
  reader(range: ByteRange | undefined): BlobReader;
  /** Must be called whether or not a reader was taken. Idempotent. */
  close(): Promise<void>;
}

/** Closing the answer closes `blob`. */
export function storedAnswer(
  blob: StoredBlob,
  {
    cacheStatus,
    recover,
  }: { readonly cacheStatus: CacheStatus; readonly recover: Recovery | undefined },
): BlobAnswer {
  return {
    cacheStatus,
    sizeBytes: blob.sizeBytes,
    file: blob.path === undefined ? undefined : { path: blob.path, isWhole: true },
    reader: (range) => storedReader(blob, { range, recover }),
    close: () => blob.close(),
  };
}

/** Enters the fill at once: it must not forget bytes before the caller begins to read. */
export function fillAnswer(fill: Fill, cacheStatus: CacheStatus): BlobAnswer {
  const taken: BlobReader[] = [fill.reader(0)];
  return {
    cacheStatus,
    sizeBytes: fill.sizeBytes,
    file: fill.path === undefined ? undefined : { path: fill.path, isWhole: false },
    reader(range) {
      const reader = fill.reader(range?.first ?? 0, range?.last);
      for (const other of taken.splice(0, taken.length, reader)) other.close();
      return reader;
    },
    close() {
      for (const reader of taken) reader.close();
      return Promise.resolve();
    },
  };
}

/** The answer to a HEAD that fetched nothing. */
export function bodilessAnswer(sizeBytes: number | undefined): BlobAnswer {
  return {
    cacheStatus: 'miss',
    sizeBytes,
    reader: () => {
      throw new TypeError('a HEAD has no body to read');
    },
    close: () => Promise.resolve(),
  };
}
