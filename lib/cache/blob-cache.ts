/**
 * Blobs by digest: from disk where this mirror's repository is known to hold them, else from the
 * upstream in one transfer that everyone who asks meanwhile shares.
 */
import { errorFields, type Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import type { Digest } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/names.ts';
import type { BlobStore, BlobWriter, StoredBlob } from '../store/blob-store.ts';
import type { RepositoryKey } from '../store/layout.ts';
import type { RepositoryIndex } from '../store/repository-index.ts';
import { permitsStale, UpstreamDeniedError } from '../upstream/errors.ts';
import type { RequestTally } from '../upstream/request-tally.ts';
import type { SetRequest, SourcedResponse } from '../upstream/upstream-set.ts';
import { bodilessAnswer, fillAnswer, storedAnswer, type BlobAnswer } from './blob-answer.ts';
import { Fill } from './fill.ts';
import type { CachedMirror } from './cached-mirror.ts';
import { resumableBody, type BlobTransfer, type Resumption } from './resumable-body.ts';

export interface BlobRequest {
  readonly mirror: CachedMirror;
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly method: 'GET' | 'HEAD';
  /** Counts the upstream requests made for it; those of a shared transfer count for who began it. */
  readonly tally: RequestTally;
}

export interface BlobCacheOptions {
  readonly store: BlobStore;
  readonly index: RepositoryIndex;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Share of a blob after which a transfer that nobody reads is finished all the same. */
  readonly finishAbandonedShare: number;
}

/** A transfer from the moment it was decided on. */
interface Transfer {
  /** Undefined where the content turned out to be on disk already, and may be read there now. */
  readonly begun: Promise<Fill | undefined>;
  /** Repositories whose upstream has said yes to this digest; each gets a record of it. */
  readonly grants: Map<string, RepositoryKey>;
}

/** A transfer may end between finding it and reading from it; then the disk has the blob. */
const maxAttempts = 3;

export class BlobCache {
  readonly #store: BlobStore;
  readonly #index: RepositoryIndex;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #finishAbandonedShare: number;
  readonly #transfers = new Map<Digest, Transfer>();
  readonly #closing = new AbortController();
  #diskTrouble = false;

  constructor({ store, index, clock, logger, finishAbandonedShare }: BlobCacheOptions) {
    this.#store = store;
    this.#index = index;
    this.#clock = clock;
    this.#logger = logger;
    this.#finishAbandonedShare = finishAbandonedShare;
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
    this.#closing.abort();
  }

  async #held(request: BlobRequest): Promise<BlobAnswer | undefined> {
    const key = repositoryKey(request);
    const record = await this.#index.blob(key, request.digest);
    if (record === undefined) return undefined;
    const blob = await this.#openStored(request.digest);
    if (blob === undefined) return undefined;
    if (blob.sizeBytes === record.sizeBytes) return storedAnswer(blob, 'hit');
    await blob.close();
    this.#logger.warn('damaged blob set aside', {
      digest: request.digest,
      sizeBytes: blob.sizeBytes,
      expectedBytes: record.sizeBytes,
    });
    await this.#store.setAside(request.digest);
    await this.#index.removeBlob(key, request.digest);
    return undefined;
  }

  async #openStored(digest: Digest): Promise<StoredBlob | undefined> {
    try {
      return await this.#store.open(digest);
    } catch (error) {
      this.#reportDiskTrouble(error);
      return undefined;
    }
  }

  /** Shares `transfer` once this repository may; undefined where it ended meanwhile. */
  async #join(request: BlobRequest, transfer: Transfer): Promise<BlobAnswer | undefined> {
    if (!transfer.grants.has(grantOf(request))) {
      if ((await this.#confirm(request)) === undefined) return this.#alone(request);
      transfer.grants.set(grantOf(request), repositoryKey(request));
    }
    const fill = await transfer.begun;
    if (fill === undefined) return undefined;
    if (fill.isOpen) return fillAnswer(fill, 'miss-collapsed');
    await fill.outcome();
    return undefined;
  }

  /** A HEAD costs one upstream request and fetches nothing. */
  async #head(request: BlobRequest): Promise<BlobAnswer | undefined> {
    try {
      const { contentLength } = await this.#ask(request, 'HEAD');
      return bodilessAnswer(contentLength);
    } catch (error) {
      // Some registries answer a blob's HEAD with 401 whatever the token (public.ecr.aws).
      if (!(error instanceof UpstreamDeniedError)) throw error;
      return this.#begin(request);
    }
  }

  /** Begins the transfer that others will share. */
  async #begin(request: BlobRequest): Promise<BlobAnswer | undefined> {
    const { digest } = request;
    const transfer: Transfer = { begun: this.#obtain(request), grants: firstGrant(request) };
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
    const fill = await this.#transfer(request);
    const answer = fillAnswer(fill, 'miss');
    void this.#settle(fill, firstGrant(request));
    return answer;
  }

  /**
   * Content on disk for another repository serves this one too, once this mirror's upstream has
   * confirmed, to this mirror's credentials, that the repository holds it. Else it is fetched.
   */
  async #obtain(request: BlobRequest): Promise<Fill | undefined> {
    const stored = await this.#openStored(request.digest);
    if (stored === undefined) return this.#transfer(request);
    await stored.close();
    if ((await this.#confirm(request)) !== stored.sizeBytes) return this.#transfer(request);
    await this.#putRecord(repositoryKey(request), request.digest, stored.sizeBytes);
    return undefined;
  }

  /** The size that the upstream gives the blob in this repository; undefined without a clear yes. */
  async #confirm(request: BlobRequest): Promise<number | undefined> {
    try {
      return (await this.#ask(request, 'HEAD')).contentLength;
    } catch (error) {
      // Whatever is wrong with the HEAD, the GET that follows will tell it or work.
      this.#logger.debug('blob not confirmed by HEAD', {
        digest: request.digest,
        ...errorFields(error),
      });
      return undefined;
    }
  }

  async #transfer(request: BlobRequest): Promise<Fill> {
    const { digest } = request;
    const first = await this.#fetch(request, { firstByte: 0 });
    const { sizeBytes } = first;
    let { source } = first;
    const resumption: Resumption = {
      clock: this.#clock,
      mayResume: (error) => permitsStale(error) && !this.#closing.signal.aborted,
      resume: async (firstByte) => {
        this.#logger.info('transfer resumed', { digest, firstByte, avoiding: source });
        const rest = await this.#fetch(request, { firstByte, avoid: source });
        source = rest.source;
        return rest;
      },
    };
    return new Fill({
      digest,
      sizeBytes,
      bytes: resumableBody(first, resumption),
      writer: await this.#createWriter(),
      onDiskTrouble: (error) => this.#reportDiskTrouble(error),
      finishesFor: (received) => received >= (sizeBytes ?? Infinity) * this.#finishAbandonedShare,
    });
  }

  /** One transfer of a blob, from `firstByte` on, and the upstream that it comes from. */
  async #fetch(
    request: BlobRequest,
    { firstByte, avoid }: { readonly firstByte: number; readonly avoid?: string },
  ): Promise<BlobTransfer & { readonly source: string }> {
    const response = await this.#ask(request, 'GET', { firstByte, avoid });
    const sizeBytes = response.status === 206 ? response.totalLength : response.contentLength;
    return {
      sizeBytes,
      firstByte: response.firstByte,
      body: response.body,
      source: response.source,
    };
  }

  /** Records what a finished transfer proved. Never rejects: the readers tell their own errors. */
  async #settle(fill: Fill, grants: ReadonlyMap<string, RepositoryKey>): Promise<void> {
    try {
      const { sizeBytes, stored } = await fill.outcome();
      if (!stored) return;
      this.#diskTrouble = false;
      for (const key of grants.values()) await this.#putRecord(key, fill.digest, sizeBytes);
    } catch (error) {
      const repositories = [...grants.keys()];
      const { digest } = fill;
      this.#logger.warn('blob transfer failed', { repositories, digest, ...errorFields(error) });
    }
  }

  async #createWriter(): Promise<BlobWriter | undefined> {
    try {
      return await this.#store.create();
    } catch (error) {
      this.#reportDiskTrouble(error);
      return undefined;
    }
  }

  async #putRecord(key: RepositoryKey, digest: Digest, sizeBytes: number): Promise<void> {
    try {
      await this.#index.putBlob(key, digest, { sizeBytes });
    } catch (error) {
      this.#reportDiskTrouble(error);
    }
  }

  #ask(
    { mirror, repository, digest, tally }: BlobRequest,
    method: 'GET' | 'HEAD',
    resumption: Pick<SetRequest, 'firstByte' | 'avoid'> = {},
  ): Promise<SourcedResponse> {
    const { signal } = this.#closing;
    const resource = { kind: 'blob', digest } as const;
    return mirror.upstream.fetch({ method, repository, resource, signal, tally, ...resumption });
  }

  /** Once per trouble: clients are served all the same. */
  #reportDiskTrouble(error: unknown): void {
    if (this.#diskTrouble) return;
    this.#diskTrouble = true;
    this.#logger.error('the cache cannot use its disk; serving without it', errorFields(error));
  }
}

function repositoryKey({ mirror, repository }: BlobRequest): RepositoryKey {
  return { mirror: mirror.name, repository };
}

function grantOf({ mirror, repository }: BlobRequest): string {
  return `${mirror.name}/${repository}`;
}

function firstGrant(request: BlobRequest): Map<string, RepositoryKey> {
  return new Map([[grantOf(request), repositoryKey(request)]]);
}
