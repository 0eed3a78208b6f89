/** One file of content: its seal, reading from it, closing it. */
import type { FileHandle } from 'node:fs/promises';
import { digestHex, type Digest } from '../oci/digest.ts';

/**
 * The modification time that whole content has: a date that follows from its digest. Whatever
 * writes to the file afterwards sets another, so that damage by writing shows when it is opened.
 * The access time is when it was last used.
 */
export function sealOf(digest: Digest): Date {
  const seconds = Number.parseInt(digestHex(digest).slice(0, 7), 16);
  return new Date(Date.UTC(2001, 0, 1) + seconds * 1000);
}

/** At most `length` bytes from `position`; fewer only at the end of the file. */
export async function readAt(
  handle: FileHandle,
  position: number,
  length: number,
): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  const { bytesRead } = await handle.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}

/** What closes `handle`, however often it is called. */
export function closeOnce(handle: FileHandle): () => Promise<void> {
  let closed: Promise<void> | undefined;
  return () => (closed ??= handle.close());
}
