/**
 * What can go wrong with an upstream: one class per reaction of the caller, facts in fields.
 * No message and no field ever holds a credential, a token or the query of a signed URL.
 */
import { errorCode, MirrorgateError, type ErrorDetails } from '../errors/mirrorgate-error.ts';

export interface UpstreamFacts extends ErrorDetails {
  /** Host and port that was asked: the upstream's, a token server's or a redirect's. */
  readonly host: string;
}

export interface AnswerFacts extends UpstreamFacts {
  readonly status: number;
  /** What the upstream itself said, cut to a line; undefined where it said nothing readable. */
  readonly reason?: string | undefined;
  /** Its `Retry-After`, counted from the answer. */
  readonly retryAfterSeconds?: number | undefined;
}

/** The base of all of them, for `instanceof`; `host` is where it happened. */
export abstract class UpstreamError extends MirrorgateError {
  readonly host: string;

  constructor(code: string, message: string, facts: UpstreamFacts) {
    super(code, message, facts);
    this.host = facts.host;
  }
}

/** No answer, or half of one: DNS, connection, TLS, a deadline, a reset, a body cut short. */
export class UpstreamUnreachableError extends UpstreamError {
  constructor(message: string, facts: UpstreamFacts) {
    super('MIRRORGATE_UPSTREAM_UNREACHABLE', message, facts);
  }
}

/** An answer with a status that nobody can use: 5xx above all. */
export class UpstreamFailedError extends UpstreamError {
  readonly status: number;
  readonly reason: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(message: string, facts: AnswerFacts) {
    super('MIRRORGATE_UPSTREAM_FAILED', message, facts);
    this.status = facts.status;
    this.reason = facts.reason;
    this.retryAfterSeconds = facts.retryAfterSeconds;
  }
}

/** 429: the quota of our address or account is spent. */
export class UpstreamLimitedError extends UpstreamError {
  readonly status = 429;
  readonly reason: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(message: string, facts: Omit<AnswerFacts, 'status'>) {
    super('MIRRORGATE_UPSTREAM_LIMITED', message, facts);
    this.reason = facts.reason;
    this.retryAfterSeconds = facts.retryAfterSeconds;
  }
}

/** 401 or 403, after every credential that we may use there was tried. */
export class UpstreamDeniedError extends UpstreamError {
  readonly status: number;
  readonly reason: string | undefined;

  constructor(message: string, facts: AnswerFacts) {
    super('MIRRORGATE_UPSTREAM_DENIED', message, facts);
    this.status = facts.status;
    this.reason = facts.reason;
  }
}

/** We refuse what the upstream asks of us: a forbidden realm, redirect, address or encoding. */
export class UpstreamRefusedError extends UpstreamError {
  constructor(message: string, facts: UpstreamFacts) {
    super('MIRRORGATE_UPSTREAM_REFUSED', message, facts);
  }
}

/** 404: what exactly does not exist is said by the code. */
export class UpstreamUnknownError extends UpstreamError {
  readonly status = 404;
  readonly reason: string | undefined;

  constructor(code: UnknownCode, message: string, facts: Omit<AnswerFacts, 'status'>) {
    super(code, message, facts);
    this.reason = facts.reason;
  }
}

export type UnknownCode =
  'MIRRORGATE_MANIFEST_UNKNOWN' | 'MIRRORGATE_BLOB_UNKNOWN' | 'MIRRORGATE_REPOSITORY_UNKNOWN';

/** An answer that contradicts itself or the protocol: its bytes must not be used. */
export class UpstreamContentError extends UpstreamError {
  constructor(message: string, facts: UpstreamFacts) {
    super('MIRRORGATE_CONTENT_INVALID', message, facts);
  }
}

/**
 * Whether a cached answer may stand in for this failure: network trouble, 5xx and 429 only.
 * Never 401, 403 or 404, which are answers (a private or deleted image must not live on).
 */
export function permitsStale(error: unknown): boolean {
  if (error instanceof UpstreamFailedError) return error.status >= 500;
  return isUnreachable(error) || error instanceof UpstreamLimitedError;
}

/** By code: a transfer that ended early is told of by whoever read it. */
export function isUnreachable(error: unknown): boolean {
  return errorCode(error) === 'MIRRORGATE_UPSTREAM_UNREACHABLE';
}

/** Whether the upstream answered 401 or 403. */
export function isDenial(error: unknown): error is UpstreamDeniedError {
  return error instanceof UpstreamDeniedError;
}
