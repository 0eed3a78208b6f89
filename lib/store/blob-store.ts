/**
 * The seam between the cache and whatever keeps its bytes: a file system today, object storage
 * later. Nothing above it knows which. Every implementation runs
 * `test/contract/blob-store.contract.ts`.
 */
import type { Digest } from '../oci/digest.ts';

/** Verified content. Whoever opens it closes it; removal meanwhile does not disturb the reader. */
export interface StoredBlob {
  readonly sizeBytes: number;
  /** False where somebody may have written to it since it was committed: hash it before use. */
  readonly isUntouched: boolean;
  /** Where an edge on the same machine may read it; undefined where it is no local file. */
  readonly path: string | undefined;
  /** At most `length` bytes from `position`; fewer only at the end of the content. */
  read(position: number, length: number): Promise<Buffer>;
  /** Idempotent. */
  close(): Promise<void>;
}

/**
 * Content on its way in. `commit` or `discard` ends it, whichever comes first; the other has no
 * effect then, and both are idempotent.
 */
export interface BlobWriter {
  /** Where an edge on the same machine may read what was written; undefined where it is no local file. */
  readonly path: string | undefined;
  /** Appends; rejects with the store's own error (`ENOSPC`, `EIO`, …). */
  write(chunks: readonly Buffer[]): Promise<void>;
  /** What has been written so far, from `position`. Works until `close`. */
  read(position: number, length: number): Promise<Buffer>;
  /**
   * Makes it the content of `digest`, durably. The caller has verified size and digest.
   * Rejects with the store's own error; the content is then not kept.
   */
  commit(digest: Digest): Promise<void>;
  discard(): Promise<void>;
  /** Ends reading. */
  close(): Promise<void>;
}

/** One entry of {@link BlobStore.list}. */
export interface BlobEntry {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** When it was last noted as used; its commit where never. */
  readonly usedAt: Date;
}

export interface BlobStore {
  /** The content of `digest`, or undefined where it is not held. */
  open(digest: Digest): Promise<StoredBlob | undefined>;
  create(): Promise<BlobWriter>;
  /**
   * Notes that the content was used at `usedAt`, and that it is whole: whoever calls this for
   * content that is not untouched has hashed it. Nothing where it is not held.
   */
  touch(digest: Digest, usedAt: Date): Promise<void>;
  /** Whether it was there. */
  remove(digest: Digest): Promise<boolean>;
  /** Takes damaged content out of use, keeping it for a look. */
  setAside(digest: Digest): Promise<void>;
  list(): AsyncIterable<BlobEntry>;
}
