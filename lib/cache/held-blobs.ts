/**
 * Blobs that are on disk. What is not what it should be is set aside when somebody wants it, and is
 * from then on as good as absent; trouble of the disk is told to the log, never to who asks.
 */
import type { Digest } from '../oci/digest.ts';
import type { BlobStore, StoredBlob } from '../store/blob-store.ts';
import type { RepositoryKey } from '../store/layout.ts';
import type { RepositoryIndex } from '../store/repository-index.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import type { CacheSpace } from './cache-space.ts';
import { isIntact } from './content-check.ts';
import type { DiskTrouble } from './disk-trouble.ts';
import { SingleFlight } from './single-flight.ts';

export interface HeldBlobsOptions {
  readonly store: BlobStore;
  readonly index: RepositoryIndex;
  readonly space: CacheSpace;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly disk: DiskTrouble;
}

export class HeldBlobs {
  readonly #options: HeldBlobsOptions;
  readonly #checking = new SingleFlight<boolean>();

  constructor(options: HeldBlobsOptions) {
    this.#options = options;
  }

  /**
   * The blob where `key` has a record of it and it is whole. One that `isSuspect` is hashed; others
   * are where they may have been written to since they were committed.
   */
  async open(
    key: RepositoryKey,
    digest: Digest,
    isSuspect: boolean,
  ): Promise<StoredBlob | undefined> {
    const { index, space } = this.#options;
    const record = await index.blob(key, digest);
    if (record === undefined) return undefined;
    const blob = await this.openStored(digest);
    if (blob === undefined) return undefined;
    const isTrusted = blob.isUntouched && !isSuspect;
    if (blob.sizeBytes === record.sizeBytes && (isTrusted || (await this.#isWhole(blob, digest)))) {
      space.used(digest);
      return blob;
    }
    await blob.close();
    await this.#setAside(digest);
    return undefined;
  }

  /** Whatever lies on disk for `digest`, whoever may have it. */
  async openStored(digest: Digest): Promise<StoredBlob | undefined> {
    const { store, disk } = this.#options;
    try {
      return await store.open(digest);
    } catch (error) {
      disk.report(error);
      return undefined;
    }
  }

  async #setAside(digest: Digest): Promise<void> {
    const { store, space, logger, disk } = this.#options;
    logger.warn('damaged blob set aside', { digest });
    try {
      await store.setAside(digest);
      space.removed(digest);
    } catch (error) {
      // It stays where it is, and is found again the next time.
      disk.report(error);
    }
  }

  async #isWhole(blob: StoredBlob, digest: Digest): Promise<boolean> {
    const { result } = this.#checking.share(digest, () => this.#check(blob, digest));
    return await result;
  }

  async #check(blob: StoredBlob, digest: Digest): Promise<boolean> {
    const { store, clock, disk } = this.#options;
    try {
      if (!(await isIntact(blob, digest))) return false;
    } catch (error) {
      disk.report(error);
      return false;
    }
    try {
      await store.touch(digest, clock.now());
    } catch (error) {
      // Not noted: it is hashed again the next time.
      disk.report(error);
    }
    return true;
  }
}
