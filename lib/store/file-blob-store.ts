/**
 * Content on a file system. What stands at its final name is true: it was verified by the caller,
 * written, synced and renamed in that order, so a crash leaves it whole or absent.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, mkdir, readdir, rename, rm, stat, utimes, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import {
  isMissing,
  isTemporaryName,
  readFileIfPresent,
  removeFile,
  writeFileAtomically,
} from '../files/atomic-file.ts';
import { namesIn } from '../files/directory.ts';
import { claimPrivateDirectory, ensurePrivateDirectory } from '../files/private-tree.ts';
import type { Digest } from '../oci/digest.ts';
import type { Clock } from '../time/clock.ts';
import { closeOnce, readAt, sealOf } from './blob-file.ts';
import type { BlobEntry, BlobStore, BlobWriter, StoredBlob } from './blob-store.ts';
import { FileBlobWriter } from './file-blob-writer.ts';
import { digestOfFile, layoutVersion, type StoreLayout } from './layout.ts';

/** Reading is no use by itself: only `touch` moves the access time, which recency goes by. */
const readQuietly = constants.O_RDONLY | constants.O_NOATIME;

export interface FileBlobStoreOptions {
  readonly layout: StoreLayout;
  /** Name of the one process that writes through this store; its leftovers are swept at start. */
  readonly worker: string;
  readonly clock: Clock;
}

export class FileBlobStore implements BlobStore {
  readonly #layout: StoreLayout;
  readonly #filling: string;
  readonly #clock: Clock;

  private constructor({ layout, worker, clock }: FileBlobStoreOptions) {
    this.#layout = layout;
    this.#filling = layout.filling(worker);
    this.#clock = clock;
  }

  /**
   * Makes or adopts the cache directory and removes what a crash left half-written.
   * @throws MirrorgateError `MIRRORGATE_STORE_LAYOUT`, `MIRRORGATE_FILES_DIRECTORY`,
   *   `MIRRORGATE_FILES_PERMISSIONS`
   */
  static async open(options: FileBlobStoreOptions): Promise<FileBlobStore> {
    const { layout } = options;
    await claimPrivateDirectory(layout.root, isCacheOrEmpty);
    await checkLayout(layout);
    const store = new FileBlobStore(options);
    await rm(store.#filling, { recursive: true, force: true });
    await ensurePrivateDirectory(store.#filling);
    return store;
  }

  /** To look at content and to take it out, beside the workers; makes and sweeps nothing. */
  static visit(options: Omit<FileBlobStoreOptions, 'worker'>): Omit<BlobStore, 'create'> {
    return new FileBlobStore({ ...options, worker: 'visitor' });
  }

  async open(digest: Digest): Promise<StoredBlob | undefined> {
    const path = this.#layout.blob(digest);
    let handle: FileHandle;
    try {
      handle = await open(path, readQuietly);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
    const close = closeOnce(handle);
    try {
      const { size: sizeBytes, mtimeMs } = await handle.stat();
      const isUntouched = mtimeMs === sealOf(digest).getTime();
      return { sizeBytes, isUntouched, path, read: (...span) => readAt(handle, ...span), close };
    } catch (error) {
      await close();
      throw error;
    }
  }

  async create(): Promise<BlobWriter> {
    const path = join(this.#filling, randomBytes(12).toString('hex'));
    const handle = await open(path, 'wx+', 0o600);
    return new FileBlobWriter({ layout: this.#layout, clock: this.#clock, path, handle });
  }

  async touch(digest: Digest, usedAt: Date): Promise<void> {
    try {
      await utimes(this.#layout.blob(digest), usedAt, sealOf(digest));
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }

  remove(digest: Digest): Promise<boolean> {
    return removeFile(this.#layout.blob(digest));
  }

  async setAside(digest: Digest): Promise<void> {
    await mkdir(this.#layout.quarantine, { recursive: true, mode: 0o700 });
    try {
      await rename(this.#layout.blob(digest), this.#layout.quarantined(digest, this.#clock.now()));
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }

  list(): AsyncIterable<BlobEntry> {
    return listBlobs(this.#layout);
  }
}

/** The content under `layout`; needs no store of one's own, so that a command may look on. */
export async function* listBlobs(layout: StoreLayout): AsyncIterable<BlobEntry> {
  for (const algorithm of await namesIn(layout.blobs)) {
    for (const shard of await namesIn(join(layout.blobs, algorithm))) {
      yield* entriesOf(join(layout.blobs, algorithm, shard), algorithm);
    }
  }
}

/** Cached images are no keys: a cache directory may be tightened, somebody else's folder not. */
function isCacheOrEmpty(names: readonly string[]): boolean {
  return names.includes('layout') || names.every(isNobodys);
}

/** What a crash at the first start leaves, and what a disk of its own comes with. */
function isNobodys(name: string): boolean {
  return isTemporaryName(name) || name === 'lost+found';
}

async function checkLayout(layout: StoreLayout): Promise<void> {
  // In this order: another worker may be making the cache, and writes `layout` before all else.
  const names = await readdir(layout.root);
  const found = await readFileIfPresent(layout.layoutFile);
  if (found === undefined) {
    if (!names.every(isNobodys)) {
      throw new MirrorgateError(
        'MIRRORGATE_STORE_LAYOUT',
        `${layout.root} is not empty and is no mirrorgate cache`,
        { hint: 'name an empty or new folder as cache.directory' },
      );
    }
    await writeFileAtomically(layout.layoutFile, layoutVersion);
  } else if (found.toString('utf8') !== layoutVersion) {
    throw new MirrorgateError(
      'MIRRORGATE_STORE_LAYOUT',
      `${layout.root} holds a cache of another layout (${JSON.stringify(found.toString('utf8').slice(0, 80))})`,
      { hint: 'name another cache.directory, or empty this one' },
    );
  }
}

async function* entriesOf(directory: string, algorithm: string): AsyncIterable<BlobEntry> {
  for (const name of await namesIn(directory)) {
    const digest = digestOfFile(algorithm, name);
    if (digest === undefined) continue;
    try {
      const facts = await stat(join(directory, name));
      if (facts.isFile()) yield { digest, sizeBytes: facts.size, usedAt: facts.atime };
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
}
