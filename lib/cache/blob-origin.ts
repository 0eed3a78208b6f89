/** Where blobs come from: asks a mirror's upstreams, and makes a {@link Fill} of what they send. */
import { Readable } from 'node:stream';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { Digest } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/names.ts';
import type { BlobStore, BlobWriter } from '../store/blob-store.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import { permitsStale } from '../upstream/errors.ts';
import type { RequestTally } from '../upstream/request-tally.ts';
import type { SetRequest, SourcedResponse } from '../upstream/upstream-set.ts';
import type { CachedMirror } from './cached-mirror.ts';
import type { CacheSpace, Reservation } from './cache-space.ts';
import type { DiskTrouble } from './disk-trouble.ts';
import { Fill } from './fill.ts';
import { parallelBody } from './parallel-body.ts';
import { resumableBody, type BlobTransfer, type Resumption } from './resumable-body.ts';

/** Which blob is asked for, and on whose account. */
export interface BlobQuery {
  readonly mirror: CachedMirror;
  readonly repository: RepositoryName;
  readonly digest: Digest;
  /** Counts the upstream requests made for it; those of a shared transfer count for who began it. */
  readonly tally: RequestTally;
}

export interface BlobOriginOptions {
  readonly store: BlobStore;
  readonly space: CacheSpace;
  readonly disk: DiskTrouble;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Share of a blob after which a transfer that nobody reads is finished all the same. */
  readonly finishAbandonedShare: number;
}

/** A transfer and the upstream that it comes from. */
interface SourcedTransfer extends BlobTransfer {
  readonly source: string;
}

export class BlobOrigin {
  readonly #options: BlobOriginOptions;
  readonly #closing = new AbortController();

  constructor(options: BlobOriginOptions) {
    this.#options = options;
  }

  /** The blob's size by HEAD; undefined where the upstream does not say. Rejects with its error. */
  async size(query: BlobQuery): Promise<number | undefined> {
    return (await this.#ask(query, { method: 'HEAD' })).contentLength;
  }

  /**
   * The size that the upstream, asked with this mirror's credentials, gives the blob in this
   * repository; undefined without a clear yes.
   */
  async confirm(query: BlobQuery): Promise<number | undefined> {
    try {
      return await this.size(query);
    } catch (error) {
      // Whatever is wrong with the HEAD, the GET that follows will tell it or work.
      const { digest } = query;
      this.#options.logger.debug('blob not confirmed by HEAD', { digest, ...errorFields(error) });
      return undefined;
    }
  }

  /** Begins to fetch the blob. Rejects with the upstream's error where it does not send it. */
  async fill(query: BlobQuery): Promise<Fill> {
    const { digest } = query;
    const { disk, clock, finishAbandonedShare } = this.#options;
    const first = await this.#transfer(query, { firstByte: 0 });
    const { sizeBytes } = first;
    let { source } = first;
    const resumption: Resumption = {
      clock,
      mayResume: (error) => permitsStale(error) && !this.#closing.signal.aborted,
      resume: async (firstByte) => {
        this.#options.logger.info('transfer goes on', { digest, firstByte, after: source });
        const rest = await this.#transfer(query, { firstByte, avoid: source });
        ({ source } = rest);
        return rest;
      },
    };
    const reservation = await this.#reserve(sizeBytes);
    return new Fill({
      digest,
      sizeBytes,
      bytes: this.#bytes(query, first, resumption),
      writer: reservation && (await this.#createWriter()),
      onDiskTrouble: (error) => disk.report(error),
      finishesFor: (received) => received >= (sizeBytes ?? Infinity) * finishAbandonedShare,
      onSettled: () => reservation?.release(),
      clock,
    });
  }

  /** Over one connection, or where the mirror says so for blobs of this size, over several. */
  #bytes(query: BlobQuery, first: SourcedTransfer, resumption: Resumption): AsyncIterable<Buffer> {
    const inOrder = resumableBody(first, resumption);
    const { parallel } = query.mirror;
    const { sizeBytes } = first;
    if (parallel === undefined || sizeBytes === undefined || sizeBytes < parallel.fromBytes) {
      return inOrder;
    }
    return parallelBody({
      sizeBytes,
      connections: parallel.connections,
      first: inOrder,
      piece: (...span) => this.#piece(query, ...span),
      rest: (firstByte) => resumableBody(brokenOff(sizeBytes, firstByte), resumption, firstByte),
      onFallback: (error, firstByte) => {
        const { digest } = query;
        const fields = { digest, firstByte, ...errorFields(error) };
        this.#options.logger.info('transfer goes on over one connection', fields);
      },
    });
  }

  /** @throws the upstream's error; `MIRRORGATE_CONTENT_INVALID` for anything but those bytes */
  async #piece(
    query: BlobQuery,
    firstByte: number,
    lastByte: number,
    stopping: AbortSignal,
  ): Promise<readonly Buffer[]> {
    const answer = await this.#ask(query, { method: 'GET', firstByte, lastByte });
    const { body, firstByte: begin } = answer;
    const abort = (): void => void body.destroy();
    stopping.addEventListener('abort', abort);
    try {
      if (begin !== firstByte) throw otherPiece(firstByte);
      const chunks: Buffer[] = [];
      let missing = lastByte + 1 - firstByte;
      for await (const chunk of body as AsyncIterable<Buffer>) {
        chunks.push(chunk.subarray(0, missing));
        missing -= chunk.length;
        if (missing <= 0) break;
      }
      stopping.throwIfAborted();
      if (missing > 0) throw otherPiece(firstByte);
      return chunks;
    } finally {
      stopping.removeEventListener('abort', abort);
      body.destroy();
    }
  }

  /** Ends every transfer. */
  close(): void {
    this.#closing.abort();
  }

  async #transfer(
    query: BlobQuery,
    resumption: Pick<SetRequest, 'firstByte' | 'avoid'>,
  ): Promise<SourcedTransfer> {
    const response = await this.#ask(query, { method: 'GET', ...resumption });
    const { status, contentLength, totalLength, firstByte, body, source } = response;
    return { sizeBytes: status === 206 ? totalLength : contentLength, firstByte, body, source };
  }

  /** Room on the disk for a blob; without it the blob passes through. */
  async #reserve(sizeBytes = 0): Promise<Reservation | undefined> {
    const { space, disk, logger } = this.#options;
    try {
      const reservation = await space.reserve(sizeBytes);
      if (reservation === undefined) logger.warn('no room in the cache', { sizeBytes });
      return reservation;
    } catch (error) {
      disk.report(error);
      return undefined;
    }
  }

  async #createWriter(): Promise<BlobWriter | undefined> {
    try {
      return await this.#options.store.create();
    } catch (error) {
      this.#options.disk.report(error);
      return undefined;
    }
  }

  #ask(
    { mirror, repository, digest, tally }: BlobQuery,
    request: Pick<SetRequest, 'method' | 'firstByte' | 'lastByte' | 'avoid'>,
  ): Promise<SourcedResponse> {
    const { signal } = this.#closing;
    const resource = { kind: 'blob', digest } as const;
    return mirror.upstream.fetch({ ...request, repository, resource, signal, tally });
  }
}

/** A transfer that stopped before `firstByte`, so that it is gone on with from there. */
function brokenOff(sizeBytes: number, firstByte: number): BlobTransfer {
  return { sizeBytes, firstByte, body: Readable.from([]) };
}

function otherPiece(firstByte: number): MirrorgateError {
  return new MirrorgateError(
    'MIRRORGATE_CONTENT_INVALID',
    `the upstream sent other bytes than the piece from byte ${firstByte} on`,
  );
}
