/** Whether stored content still is what its digest says, read at a pace that disturbs nobody. */
import { setTimeout as delay } from 'node:timers/promises';
import { digestAlgorithm, digestFromHash, digestHash, type Digest } from '../oci/digest.ts';
import type { StoredBlob } from '../store/blob-store.ts';

const pieceBytes = 256 * 1024;

export interface CheckPace {
  /** Undefined reads as fast as the disk gives. */
  readonly bytesPerSecond?: number;
  readonly signal?: AbortSignal;
}

/** Hashes all of `blob`, which stays open. Rejects with the store's error, or `signal`'s reason. */
export async function isIntact(
  blob: StoredBlob,
  digest: Digest,
  { bytesPerSecond, signal }: CheckPace = {},
): Promise<boolean> {
  const hash = digestHash(digest);
  let position = 0;
  for (;;) {
    signal?.throwIfAborted();
    const piece = await blob.read(position, pieceBytes);
    if (piece.length === 0) break;
    hash.update(piece);
    position += piece.length;
    if (bytesPerSecond !== undefined) {
      await delay((piece.length / bytesPerSecond) * 1000, undefined, { signal });
    }
  }
  return digestFromHash(hash, digestAlgorithm(digest)) === digest;
}
