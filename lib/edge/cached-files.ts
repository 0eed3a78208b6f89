/**
 * Files that a worker names for the edge to send. They lie among the verified content of the
 * cache directory or they are not opened, whatever the worker said.
 */
import { constants, type Stats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileSpan } from '../net/internal-headers.ts';
import { tryDigest, type Digest } from '../oci/digest.ts';

/** An open file and the bytes of it to send. Its removal meanwhile disturbs nobody. */
export interface CachedFile {
  readonly handle: FileHandle;
  readonly span: FileSpan;
}

/** Content by digest; no character of it can leave the folder. */
const contentPath = /^\/blobs\/([a-z0-9]{1,16})\/[0-9a-f]{2}\/([0-9a-f]{64,128})$/;

/** Content that is still arriving. */
const growingPath = /^\/filling\/[a-z0-9-]{1,32}\/[0-9a-f]{1,64}$/;

/** Recency is the worker's to note. */
const readQuietly = constants.O_RDONLY | constants.O_NOATIME | constants.O_NOFOLLOW;

/** What the content at `path` must be; undefined where that is no content. */
export function contentDigest(path: string): Digest | undefined {
  const [, algorithm = '', hex = ''] = contentPath.exec(path) ?? [];
  return tryDigest(`${algorithm}:${hex}`);
}

/** Undefined where `path` is no content, is gone, or is not as long as the worker knows it. */
export async function openCachedFile(
  cacheDirectory: string,
  path: string,
  span: FileSpan,
): Promise<CachedFile | undefined> {
  if (!contentPath.test(path)) return undefined;
  const handle = await tryOpen(cacheDirectory, path, ({ size }) => size === span.sizeBytes);
  return handle && { handle, span };
}

/** Undefined where `path` is no content on its way in, or is gone: it may have its final name by now. */
export async function openGrowingFile(
  cacheDirectory: string,
  path: string,
): Promise<FileHandle | undefined> {
  if (!growingPath.test(path)) return undefined;
  return await tryOpen(cacheDirectory, path, () => true);
}

async function tryOpen(
  cacheDirectory: string,
  path: string,
  isExpected: (facts: Stats) => boolean,
): Promise<FileHandle | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(join(cacheDirectory, path), readQuietly);
    const facts = await handle.stat();
    if (facts.isFile() && isExpected(facts)) return handle;
  } catch {
    // The worker is asked for the body then, and says what is wrong with the disk.
  }
  await handle?.close();
  return undefined;
}
