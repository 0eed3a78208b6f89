/** The HTTP side of what the cache answers: headers, conditions and ranges of the OCI pull API. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { BlobAnswer } from '../cache/blob-answer.ts';
import type { BlobReader } from '../cache/fill-reader.ts';
import type { ManifestAnswer } from '../cache/manifest-cache.ts';
import { errorMessage } from '../errors/mirrorgate-error.ts';
import { resolveRange, tryRange, type ByteRange } from '../net/byte-range.ts';
import { cacheStatusText } from '../net/cache-status.ts';
import { bytesFollowLine, progressLine } from '../net/file-progress.ts';
import {
  fileHeader,
  fileSpanHeader,
  fileSpanText,
  growingFileHeader,
  sendsFilesHeader,
  upstreamRequestsHeader,
} from '../net/internal-headers.ts';
import type { Digest } from '../oci/digest.ts';
import { errorResponse, ociErrorBody } from '../oci/error-responses.ts';
import { isUnreachable, UpstreamFailedError, UpstreamLimitedError } from '../upstream/errors.ts';
import type { RequestTally } from '../upstream/request-tally.ts';

type Headers = Record<string, string | number>;

/** What an outage's 503 asks of clients that heed it, where the upstream did not say. */
const outageRetrySeconds = 5;

export function sendManifest(
  request: IncomingMessage,
  response: ServerResponse,
  answer: ManifestAnswer,
  tally: RequestTally,
): void {
  const { digest, mediaType, sizeBytes, bytes, cacheStatus, ageSeconds, staleReason } = answer;
  const headers: Headers = {
    'content-type': mediaType,
    'content-length': sizeBytes,
    ...commonHeaders(digest, tally),
    'cache-status': cacheStatusText(cacheStatus),
    ...(ageSeconds === undefined ? {} : { age: ageSeconds }),
    ...(answer.freshForSeconds > 0 ? { 'cache-control': freshness(answer) } : {}),
    ...(staleReason === undefined ? {} : { warning: `299 - "stale: ${staleReason}"` }),
  };
  if (isNotModified(request, digest)) {
    sendNotModified(response, headers);
    return;
  }
  response.writeHead(200, headers);
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

/** For the edge, which gives the answer again that long. A client is never told. */
function freshness({ ageSeconds = 0, freshForSeconds }: ManifestAnswer): string {
  return `max-age=${ageSeconds + freshForSeconds}`;
}

/** Sends a blob or the range of it that was asked for. Rejects where the bytes break off. */
export async function sendBlob(
  request: IncomingMessage,
  response: ServerResponse,
  blob: { readonly digest: Digest; readonly answer: BlobAnswer; readonly cacheDirectory: string },
  tally: RequestTally,
): Promise<void> {
  const { digest, answer, cacheDirectory } = blob;
  const headers: Headers = {
    'content-type': 'application/octet-stream',
    ...(answer.sizeBytes === undefined ? {} : { 'content-length': answer.sizeBytes }),
    ...commonHeaders(digest, tally),
    'accept-ranges': 'bytes',
    'cache-status': cacheStatusText(answer.cacheStatus),
  };
  if (isNotModified(request, digest)) {
    sendNotModified(response, headers);
    return;
  }
  if (request.method === 'HEAD') {
    response.writeHead(200, headers).end();
    return;
  }
  const range = rangeOf(request, digest, answer.sizeBytes);
  if (range === 'unsatisfiable') {
    sendUnsatisfiable(response, answer.sizeBytes);
    return;
  }
  if (range !== undefined) headers['content-range'] = contentRange(range, answer.sizeBytes);
  const status = range === undefined ? 200 : 206;
  const file = fileHeaders(request, { answer, range, cacheDirectory });
  if (file !== undefined && answer.file?.isWhole === true) {
    response.writeHead(status, { ...headers, ...file, 'content-length': 0 }).end();
    return;
  }
  const reader = answer.reader(range);
  // Until here a failure is still an answer; afterwards it can only be a broken connection.
  const isReady = await reader.ready();
  if (file !== undefined) {
    delete headers['content-length'];
    response.writeHead(status, { ...headers, ...file });
  } else {
    if (range !== undefined) headers['content-length'] = range.last - range.first + 1;
    response.writeHead(status, headers);
  }
  if (!isReady) response.flushHeaders();
  await pipeline(
    file === undefined ? reader.read() : progressText(reader, endOf(range, answer)),
    response,
  );
}

/** The position after the last byte that is wanted. */
function endOf(range: ByteRange | undefined, { sizeBytes }: BlobAnswer): number {
  return range === undefined ? (sizeBytes ?? Infinity) : range.last + 1;
}

/** Smaller blobs are sent as they are: to open a file for them costs more. */
const leastGrowingBytes = 1024 * 1024;

/** What has the edge send the file by itself, where it can and there is one with anything in it. */
function fileHeaders(
  request: IncomingMessage,
  blob: {
    readonly answer: BlobAnswer;
    readonly range: ByteRange | undefined;
    readonly cacheDirectory: string;
  },
): Headers | undefined {
  const { file, sizeBytes = 0 } = blob.answer;
  const isWanted = request.headers[sendsFilesHeader] !== undefined;
  if (!isWanted || file === undefined || sizeBytes === 0) return undefined;
  if (!file.isWhole && sizeBytes < leastGrowingBytes) return undefined;
  const { first, last } = blob.range ?? { first: 0, last: sizeBytes - 1 };
  return {
    [fileHeader]: `/${relative(blob.cacheDirectory, file.path)}`,
    [fileSpanHeader]: fileSpanText({ first, last, sizeBytes }),
    ...(file.isWhole ? {} : { [growingFileHeader]: '1' }),
  };
}

/** In place of the bytes of a file that is still arriving: see `net/file-progress.ts`. */
async function* progressText(
  reader: BlobReader,
  end: number,
): AsyncGenerator<string | Buffer, void, undefined> {
  let told = 0;
  for await (const position of reader.progress()) {
    told = position;
    yield progressLine(position);
  }
  if (told === end) return;
  yield bytesFollowLine;
  yield* reader.read();
}

function contentRange({ first, last }: ByteRange, sizeBytes: number | undefined): string {
  return `bytes ${first}-${last}/${sizeBytes ?? '*'}`;
}

/** Answers with the OCI error body of `error`. */
export function sendError(response: ServerResponse, error: unknown, tally: RequestTally): void {
  const { status, code } = errorResponse(error);
  const message = status === 500 ? 'internal error' : errorMessage(error).slice(0, 1024);
  const body = ociErrorBody(code, message);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    [upstreamRequestsHeader]: tally.requests,
    ...retryHeaders(error),
  });
  response.end(body);
}

function commonHeaders(digest: Digest, tally: RequestTally): Headers {
  return {
    'docker-content-digest': digest,
    etag: `"${digest}"`,
    [upstreamRequestsHeader]: tally.requests,
  };
}

function retryHeaders(error: unknown): Headers {
  if (error instanceof UpstreamLimitedError || error instanceof UpstreamFailedError) {
    const seconds = error.retryAfterSeconds;
    if (seconds !== undefined) return { 'retry-after': seconds };
    return error instanceof UpstreamFailedError ? { 'retry-after': outageRetrySeconds } : {};
  }
  return isUnreachable(error) ? { 'retry-after': outageRetrySeconds } : {};
}

/** RFC 9110 §13.1.2; the entity tag of content is its digest. */
function isNotModified(request: IncomingMessage, digest: Digest): boolean {
  const condition = request.headers['if-none-match'];
  if (condition === undefined) return false;
  return condition
    .split(',')
    .some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === `"${digest}"`);
}

function sendNotModified(response: ServerResponse, headers: Headers): void {
  const kept = Object.entries(headers).filter(([name]) => !name.startsWith('content-'));
  response.writeHead(304, Object.fromEntries(kept)).end();
}

/** RFC 9110 §14.2 and §13.1.5: a range that does not hold is ignored, one past the end refused. */
function rangeOf(
  request: IncomingMessage,
  digest: Digest,
  sizeBytes: number | undefined,
): ByteRange | 'unsatisfiable' | undefined {
  const spec = tryRange(request.headers.range);
  const condition = request.headers['if-range'];
  if (spec === undefined || sizeBytes === undefined) return undefined;
  if (condition !== undefined && condition !== `"${digest}"`) return undefined;
  return resolveRange(spec, sizeBytes) ?? 'unsatisfiable';
}

function sendUnsatisfiable(response: ServerResponse, sizeBytes: number | undefined): void {
  const body = ociErrorBody('RANGE_INVALID', 'the range lies beyond the end of the blob');
  response.writeHead(416, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'content-range': `bytes */${sizeBytes ?? '*'}`,
  });
  response.end(body);
}
