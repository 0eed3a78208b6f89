/**
 * Blobs by digest: from disk where this mirror's repository is known to hold them, else from the
 * upstream in one transfer that everyone who asks meanwhile shares.
 */
import type { Digest } from '../oci/digest.ts';
import type { RepositoryKey } from '../store/layout.ts';
import type { RepositoryIndex } from '../store/repository-index.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import { UpstreamDeniedError } from '../upstream/errors.ts';
import { bodilessAnswer, fillAnswer, storedAnswer, type BlobAnswer } from './blob-answer.ts';
import { BlobOrigin, type BlobOriginOptions, type BlobQuery } from './blob-origin.ts';
import type { CacheSpace } from './cache-space.ts';
import type { DiskTrouble } from './disk-trouble.ts';
import type { Fill } from './fill.ts';
import { Grants } from './grants.ts';
import { HeldBlobs } from './held-blobs.ts';

export interface BlobRequest extends BlobQuery {
  readonly method: 'GET' | 'HEAD';
  /** Its content on disk was found wrong or unreadable by somebody: it is hashed before it is given. */
  readonly isSuspect?: boolean;
}

export interface BlobCacheOptions extends BlobOriginOptions {
  readonly index: RepositoryIndex;
}

/** A transfer from the moment it was decided on. */
interface Transfer {
  /** Undefined where the content turned out to be on disk already, and may be read there now. */
  readonly begun: Promise<Fill | undefined>;
  readonly grants: Grants;
}

/** A transfer may end between finding it and reading from it; then the disk has the blob. */
const maxAttempts = 3;

export class BlobCache {
  readonly #origin: BlobOrigin;
  readonly #blobs: HeldBlobs;
  readonly #index: RepositoryIndex;
  readonly #space: CacheSpace;
  readonly #logger: Logger;
  readonly #disk: DiskTrouble;
  readonly #transfers = new Map<Digest, Transfer>();

  constructor(options: BlobCacheOptions) {
    this.#blobs = new HeldBlobs(options);
    this.#index = options.index;
    this.#space = options.space;
    this.#logger = options.logger;
    this.#disk = options.disk;
    this.#origin = new BlobOrigin(options);
  }

  /**
   * @throws the upstream's error where the blob is not held (see lib/upstream/errors.ts), or
   *   MirrorgateError `MIRRORGATE_CONTENT_INVALID`
   */
  async open(request: BlobRequest): Promise<BlobAnswer> {
    for (let attempt = 1; attempt < maxAttempts; attempt += 1) {
      const held = await this.#held(request);
      if (held !== undefined) return held;
      // No await between looking for a transfer and beginning one: a herd must find the first.
      const running = this.#transfers.get(request.digest);
      const answer =
        running !== undefined
          ? await this.#join(request, running)
          : request.method === 'HEAD'
            ? await this.#head(request)
            : await this.#begin(request);
      if (answer !== undefined) return answer;
    }
    return this.#alone(request);
  }

  /** Stops every transfer. */
  close(): void {
    this.#origin.close();
  }

  async #held(request: BlobRequest): Promise<BlobAnswer | undefined> {
    const { isSuspect = false } = request;
    const blob = await this.#blobs.open(repositoryKey(request), request.digest, isSuspect);
    if (blob === undefined) return undefined;
    // Once: what was fetched or hashed anew, and is unreadable again, is not tried for ever.
    const recover = isSuspect ? undefined : (error: unknown) => this.#reopen(request, error);
    return storedAnswer(blob, { cacheStatus: 'hit', recover });
  }

  /** For a reader whom the disk has failed in the middle: what can be had of the blob now. */
  #reopen(request: BlobRequest, error: unknown): Promise<BlobAnswer> {
    const { mirror, repository, digest } = request;
    this.#logger.warn('blob breaks off on disk', {
      ...{ mirror: mirror.name, repository, digest },
      ...errorFields(error),
    });
    return this.open({ ...request, isSuspect: true });
  }

  /** Shares `transfer` once this repository may; undefined where it ended meanwhile. */
  async #join(request: BlobRequest, transfer: Transfer): Promise<BlobAnswer | undefined> {
    const { grants } = transfer;
    if (!grants.has(request)) {
      if ((await this.#origin.confirm(request)) === undefined) return this.#alone(request);
      grants.add(request);
    }
    try {
      return await this.#share(request, transfer);
    } catch (error) {
      // What another repository was refused says nothing of this one, which has been confirmed.
      if (grants.isFirst(request)) throw error;
      return undefined;
    }
  }

  async #share(request: BlobRequest, transfer: Transfer): Promise<BlobAnswer | undefined> {
    const fill = await transfer.begun;
    if (fill === undefined) return undefined;
    if (fill.isOpen) return fillAnswer(fill, 'miss-collapsed');
    const { stored, sizeBytes } = await fill.outcome();
    // It may have been granted too late to be recorded with the others.
    if (stored) await this.#putRecord(repositoryKey(request), request.digest, sizeBytes);
    return undefined;
  }

  /** A HEAD costs one upstream request and fetches nothing. */
  async #head(request: BlobRequest): Promise<BlobAnswer | undefined> {
    try {
      return bodilessAnswer(await this.#origin.size(request));
    } catch (error) {
      // Some registries answer a blob's HEAD with 401 whatever the token (public.ecr.aws).
      if (!(error instanceof UpstreamDeniedError)) throw error;
      return this.#begin(request);
    }
  }

  /** Begins the transfer that others will share. */
  async #begin(request: BlobRequest): Promise<BlobAnswer | undefined> {
    const { digest } = request;
    const transfer: Transfer = { begun: this.#obtain(request), grants: new Grants(request) };
    this.#transfers.set(digest, transfer);
    const end = (): void => void this.#transfers.delete(digest);
    try {
      const fill = await transfer.begun;
      if (fill === undefined) {
        end();
        return undefined;
      }
      const answer = fillAnswer(fill, 'miss-stored');
      void this.#settle(fill, transfer.grants).finally(end);
      return answer;
    } catch (error) {
      end();
      throw error;
    }
  }

  /** A transfer of one request's own, for when no shared one can serve it. */
  async #alone(request: BlobRequest): Promise<BlobAnswer> {
    const fill = await this.#origin.fill(request);
    const answer = fillAnswer(fill, 'miss');
    void this.#settle(fill, new Grants(request));
    return answer;
  }

  /**
   * Content on disk for another repository serves this one too, once this mirror's upstream has
   * confirmed that the repository holds it. Else it is fetched.
   */
  async #obtain(request: BlobRequest): Promise<Fill | undefined> {
    const stored = await this.#blobs.openStored(request.digest);
    if (stored === undefined) return this.#origin.fill(request);
    await stored.close();
    if ((await this.#origin.confirm(request)) !== stored.sizeBytes) {
      return this.#origin.fill(request);
    }
    await this.#putRecord(repositoryKey(request), request.digest, stored.sizeBytes);
    return undefined;
  }

  /** Records what a finished transfer proved. Never rejects: the readers tell their own errors. */
  async #settle(fill: Fill, grants: Grants): Promise<void> {
    const { digest } = fill;
    try {
      const { sizeBytes, stored } = await fill.outcome();
      if (!stored) return;
      this.#space.added(digest, sizeBytes);
      let recorded = true;
      for (const key of grants.keys()) {
        recorded = (await this.#putRecord(key, digest, sizeBytes)) && recorded;
      }
      if (recorded) this.#disk.over();
    } catch (error) {
      const repositories = grants.keys().map(({ mirror, repository }) => `${mirror}/${repository}`);
      this.#logger.warn('blob transfer failed', { repositories, digest, ...errorFields(error) });
    }
  }

  /** Whether the disk has it. */
  async #putRecord(key: RepositoryKey, digest: Digest, sizeBytes: number): Promise<boolean> {
    try {
      await this.#index.putBlob(key, digest, { sizeBytes });
      return true;
    } catch (error) {
      this.#disk.report(error);
      return false;
    }
  }
}

function repositoryKey({ mirror, repository }: BlobRequest): RepositoryKey {
  return { mirror: mirror.name, repository };
}
