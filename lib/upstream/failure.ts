/** An answer that is no success → the error that stands for it, with what the upstream said. */
import { cleanText } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import { headerText, isIdentityEncoded, type AnswerHeaders } from './answer-headers.ts';
import { readBodyStart } from './body.ts';
import { startDeadline } from './deadline.ts';
import {
  UpstreamDeniedError,
  UpstreamFailedError,
  UpstreamLimitedError,
  UpstreamUnknownError,
  type UnknownCode,
  type UpstreamError,
} from './errors.ts';
import type { Answer } from './exchange.ts';
import { tryRetryAfter } from './retry-after.ts';

export interface FailureContext {
  readonly host: string;
  /** What was asked, without query. */
  readonly what: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** What a 404 means here; undefined where it means nothing in particular. */
  readonly unknownCode?: UnknownCode;
  /** What the operator can do about a 401 or 403. */
  readonly deniedHint?: string;
}

const maxReasonBytes = 8 * 1024;
const reasonDeadlineMs = 2_000;

/** Reads the reason out of the answer's body and ends it. Rejects only with `signal`'s reason. */
export async function readFailure(answer: Answer, context: FailureContext): Promise<UpstreamError> {
  const { host, what, clock, unknownCode, deniedHint } = context;
  const { status, headers } = answer;
  const said = await readReason(answer, context);
  const reason = said?.text;
  const retryAfterSeconds = tryRetryAfter(headerText(headers, 'retry-after'), clock.now());
  const message = `${what} was answered ${status}${reason === undefined ? '' : `: ${reason}`}`;
  if (status === 401 || status === 403) {
    const hint = deniedHint === undefined ? {} : { hint: deniedHint };
    return new UpstreamDeniedError(message, { host, status, reason, ...hint });
  }
  if (status === 404 && unknownCode !== undefined) {
    const code = said?.code === 'NAME_UNKNOWN' ? 'MIRRORGATE_REPOSITORY_UNKNOWN' : unknownCode;
    return new UpstreamUnknownError(code, message, { host, reason });
  }
  if (status === 429) return new UpstreamLimitedError(message, { host, reason, retryAfterSeconds });
  return new UpstreamFailedError(message, { host, status, reason, retryAfterSeconds });
}

interface Reason {
  /** The OCI error code, where the body was an OCI error. */
  readonly code: string | undefined;
  readonly text: string | undefined;
}

async function readReason(answer: Answer, context: FailureContext): Promise<Reason | undefined> {
  const { clock, signal } = context;
  const deadline = startDeadline({
    clock,
    afterMs: reasonDeadlineMs,
    reason: () => new Error('the reason took too long'),
    parents: [signal],
  });
  try {
    const bytes = await readBodyStart(answer.body, {
      maxBytes: maxReasonBytes,
      signal: deadline.signal,
    });
    return isIdentityEncoded(answer.headers)
      ? reasonIn(bytes.toString('utf8'), answer.headers)
      : undefined;
  } catch {
    // The status alone tells enough: half a reason must not hide it.
    signal.throwIfAborted();
    return undefined;
  } finally {
    deadline.cancel();
  }
}

/** OCI error JSON (distribution-spec §Error Codes), or the plain text of Hub's abuse limit. */
function reasonIn(text: string, headers: AnswerHeaders): Reason | undefined {
  const oci = tryOciError(text);
  if (oci !== undefined) return oci;
  const contentType = headerText(headers, 'content-type') ?? 'text/plain';
  const plain = text.trim();
  if (!contentType.startsWith('text/plain') || plain === '') return undefined;
  return { code: undefined, text: shownText(plain) };
}

function tryOciError(text: string): Reason | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const errors = fieldOf(value, 'errors');
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  const code = textOf(fieldOf(first, 'code'));
  const message = textOf(fieldOf(first, 'message')) ?? textOf(fieldOf(value, 'details'));
  const shown = [code, message].filter((part) => part !== undefined).join(': ');
  return shown === '' ? undefined : { code, text: shownText(shown) };
}

/** One line, without what an upstream may echo of our credentials or of signed URLs. */
function shownText(text: string): string {
  return cleanText(text.replace(/\b(basic|bearer) +\S{16,}/gi, '$1 …').replace(/\?\S+/g, '?…'));
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
