/** A success of an upstream, judged: what contradicts the request or itself is refused here. */
import { digestAlgorithm, tryDigest, type Digest } from '../oci/digest.ts';
import { contentLengthOf, headerText, isIdentityEncoded } from './answer-headers.ts';
import { UpstreamContentError, UpstreamRefusedError } from './errors.ts';
import type { Answer } from './exchange.ts';
import type { UpstreamRequest, UpstreamResponse } from './messages.ts';
import { firstByteOf } from './resource-request.ts';

/** Headers that a consumer needs, beside those with a field of their own. */
const passedHeaders = [
  'docker-ratelimit-source',
  'etag',
  'link',
  'oci-filters-applied',
  'ratelimit-limit',
  'ratelimit-remaining',
];

export interface JudgedAnswer {
  readonly answer: Answer;
  readonly request: UpstreamRequest;
  readonly host: string;
  /** What was asked, without query. */
  readonly what: string;
}

/**
 * Reads a 200 or 206 to `request`. The caller ends the body where this throws.
 *
 * @throws UpstreamRefusedError for a Content-Encoding
 * @throws UpstreamContentError for a wrong range, digest or length
 */
export function judgeAnswer({ answer, request, host, what }: JudgedAnswer): UpstreamResponse {
  const { status, headers, body } = answer;
  const invalid = (reason: string): UpstreamContentError =>
    new UpstreamContentError(`the answer to ${what} was refused: ${reason}`, { host });

  if (!isIdentityEncoded(headers)) {
    const encoding = headerText(headers, 'content-encoding') ?? '';
    throw new UpstreamRefusedError(
      `the answer to ${what} was refused: it is encoded (${encoding.slice(0, 64)})`,
      { host, hint: 'the bytes must be those of the digest; the upstream must not compress them' },
    );
  }
  const digestText = headerText(headers, 'docker-content-digest');
  const contentDigest = digestText === undefined ? undefined : tryDigest(digestText);
  if (digestText !== undefined && contentDigest === undefined) {
    throw invalid('its Docker-Content-Digest is no digest');
  }
  if (contentDigest !== undefined && contradicts(contentDigest, askedDigest(request))) {
    throw invalid(`its Docker-Content-Digest is ${contentDigest}`);
  }
  const contentLength = contentLengthOf(headers);
  const part = status === 206 ? tryContentRange(headerText(headers, 'content-range')) : undefined;
  if (status === 206) {
    if (part === undefined) throw invalid('it is a 206 without a usable Content-Range');
    if (part.first !== firstByteOf(request)) {
      throw invalid(`it is the part from byte ${part.first} on, which was not asked for`);
    }
    if (contentLength !== undefined && contentLength !== part.last - part.first + 1) {
      throw invalid('its Content-Length does not fit its Content-Range');
    }
  }
  return {
    status: status === 206 ? 206 : 200,
    contentType: headerText(headers, 'content-type'),
    contentLength: part === undefined ? contentLength : part.last - part.first + 1,
    contentDigest,
    firstByte: part?.first ?? 0,
    totalLength: part === undefined ? contentLength : part.total,
    headers: new Map(
      passedHeaders.flatMap((name) => {
        const text = headerText(headers, name);
        return text === undefined ? [] : [[name, text] as const];
      }),
    ),
    body,
  };
}

function askedDigest({ resource }: UpstreamRequest): Digest | undefined {
  if (resource.kind === 'blob') return resource.digest;
  if (resource.kind !== 'manifest' || resource.reference.kind !== 'digest') return undefined;
  return resource.reference.digest;
}

/** Digests of two algorithms may both be right. */
function contradicts(found: Digest, asked: Digest | undefined): boolean {
  return (
    asked !== undefined && found !== asked && digestAlgorithm(found) === digestAlgorithm(asked)
  );
}

interface ContentRange {
  readonly first: number;
  readonly last: number;
  readonly total: number | undefined;
}

/** `bytes 100-199/200`, `bytes 100-199/*` (RFC 9110 §14.4). */
function tryContentRange(text: string | undefined): ContentRange | undefined {
  const match = /^bytes ([0-9]{1,15})-([0-9]{1,15})\/(?:([0-9]{1,15})|\*)$/.exec(text ?? '');
  if (match === null) return undefined;
  const [first, last] = [Number(match[1]), Number(match[2])];
  const total = match[3] === undefined ? undefined : Number(match[3]);
  return last < first || (total !== undefined && last >= total)
    ? undefined
    : { first, last, total };
}
