/**
 * Manifests that are at hand: in memory, else on disk. Content read from disk is hashed before
 * anybody gets it, so a flipped bit is a miss, not a wrong answer.
 */
import { LRUCache } from 'lru-cache';
import { digestAlgorithm, digestOf, type Digest } from '../oci/digest.ts';
import type { BlobStore } from '../store/blob-store.ts';
import type { RepositoryKey } from '../store/layout.ts';
import type { RepositoryIndex } from '../store/repository-index.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { CacheSpace } from './cache-space.ts';
import type { DiskTrouble } from './disk-trouble.ts';

export interface Manifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

export interface ManifestShelfOptions {
  readonly store: BlobStore;
  readonly index: RepositoryIndex;
  readonly space: CacheSpace;
  readonly disk: DiskTrouble;
  readonly logger: Logger;
}

const maxMemoryBytes = 32 * 1024 * 1024;

export class ManifestShelf {
  readonly #store: BlobStore;
  readonly #index: RepositoryIndex;
  readonly #space: CacheSpace;
  readonly #disk: DiskTrouble;
  readonly #logger: Logger;
  readonly #memory = new LRUCache<string, Manifest>({
    maxSize: maxMemoryBytes,
    sizeCalculation: ({ bytes }) => bytes.length + 512,
  });

  constructor({ store, index, space, disk, logger }: ManifestShelfOptions) {
    this.#store = store;
    this.#index = index;
    this.#space = space;
    this.#disk = disk;
    this.#logger = logger;
  }

  /** The manifest, where this repository is known to hold it and its bytes are right. */
  async take(key: RepositoryKey, digest: Digest): Promise<Manifest | undefined> {
    const name = memoryKey(key, digest);
    const manifest = this.#memory.get(name) ?? (await this.#read(key, digest));
    if (manifest === undefined) return undefined;
    this.#memory.set(name, manifest);
    this.#space.used(digest);
    return manifest;
  }

  /** Keeps a verified manifest; without a disk, in memory alone. */
  async put(key: RepositoryKey, manifest: Manifest): Promise<void> {
    this.#memory.set(memoryKey(key, manifest.digest), manifest);
    const { digest, mediaType, bytes } = manifest;
    const sizeBytes = bytes.length;
    try {
      const reservation = await this.#space.reserve(sizeBytes);
      if (reservation === undefined) return;
      reservation.release();
      const writer = await this.#store.create();
      try {
        await writer.write([bytes]);
        await writer.commit(digest);
      } finally {
        await writer.discard();
        await writer.close();
      }
      this.#space.added(digest, sizeBytes);
      await this.#index.putManifest(key, digest, { mediaType, sizeBytes });
    } catch (error) {
      this.#disk.report(error);
    }
  }

  /** Lets go of everything in memory: the files were changed by somebody else. */
  forget(): void {
    this.#memory.clear();
  }

  async #read(key: RepositoryKey, digest: Digest): Promise<Manifest | undefined> {
    const record = await this.#index.manifest(key, digest);
    if (record === undefined) return undefined;
    try {
      const blob = await this.#store.open(digest);
      if (blob === undefined) return undefined;
      let bytes: Buffer;
      try {
        bytes = await blob.read(0, record.sizeBytes + 1);
      } finally {
        await blob.close();
      }
      if (digestOf(bytes, digestAlgorithm(digest)) === digest) {
        return { digest, mediaType: record.mediaType, bytes };
      }
      this.#logger.warn('damaged manifest set aside', { digest });
      await this.#store.setAside(digest);
      this.#space.removed(digest);
    } catch (error) {
      this.#disk.report(error);
    }
    return undefined;
  }
}

function memoryKey({ mirror, repository }: RepositoryKey, digest: Digest): string {
  return `${mirror}/${repository}@${digest}`;
}
