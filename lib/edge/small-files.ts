/**
 * Small blobs that were sent lately, in memory: what every client of an image asks for is not
 * opened, read and closed for each of them. Every byte in here has been hashed. Whether a client
 * may have them is the worker's to say, each time anew.
 */
import { LRUCache } from 'lru-cache';
import { digestAlgorithm, digestOf } from '../oci/digest.ts';
import type { FileSpan } from '../net/internal-headers.ts';
import { contentDigest, openCachedFile } from './cached-files.ts';

/** Above it, to open a file is little beside encrypting what is in it. */
const maxFileBytes = 64 * 1024;
const defaultMaxBytes = 4 * 1024 * 1024;

export class SmallFiles {
  readonly #cacheDirectory: string;
  readonly #contents: LRUCache<string, Buffer>;

  constructor(cacheDirectory: string, maxBytes = defaultMaxBytes) {
    this.#cacheDirectory = cacheDirectory;
    this.#contents = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: ({ length }, path) => length + path.length,
    });
  }

  /**
   * All of the file that a worker named, `span` being any part of it; `wrong` where its content is
   * not what its name says, undefined where it is not small or cannot be read.
   */
  async content(path: string, span: FileSpan): Promise<Buffer | 'wrong' | undefined> {
    if (span.sizeBytes > maxFileBytes) return undefined;
    const kept = this.#contents.get(path);
    if (kept !== undefined) return kept;
    const bytes = await readVerified(this.#cacheDirectory, path, span);
    if (bytes instanceof Buffer) this.#contents.set(path, bytes);
    return bytes;
  }
}

async function readVerified(
  cacheDirectory: string,
  path: string,
  span: FileSpan,
): Promise<Buffer | 'wrong' | undefined> {
  const digest = contentDigest(path);
  if (digest === undefined) return undefined;
  const file = await openCachedFile(cacheDirectory, path, span);
  if (file === undefined) return undefined;
  try {
    const bytes = await file.handle.readFile();
    return digestOf(bytes, digestAlgorithm(digest)) === digest ? bytes : 'wrong';
  } catch {
    // The worker is asked for the body then, and says what is wrong with the disk.
    return undefined;
  } finally {
    await file.handle.close();
  }
}
