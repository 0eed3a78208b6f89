/**
 * HTTPS with one CA: its own roots beside the default ones, bounded in time and size, a refusal
 * as a typed problem. It never retries and never sleeps: when to ask again is the caller's matter.
 */
import { getCACertificates } from 'node:tls';
import { Agent, request, type Dispatcher } from 'undici';
import { errorCode, errorMessage, MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { Clock } from '../time/clock.ts';
import { tryRetryAfter } from '../upstream/retry-after.ts';
import { acmeProblem } from './problem.ts';
import { unexpectedAnswer } from './wire.ts';

export interface CaRequest {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly url: string;
  readonly body?: string | undefined;
  readonly signal: AbortSignal;
}

export interface CaAnswer {
  readonly status: number;
  /** Names in lower case; several values of one name joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed where it is JSON, else text. */
  readonly data: unknown;
  readonly retryAt: Date | undefined;
}

/**
 * One request to the CA. Rejects with `MIRRORGATE_ACME_PROBLEM` on a status of 400 and above
 * (`badNonce` excepted: the signer tries that again), `MIRRORGATE_ACME_UNREACHABLE`,
 * `MIRRORGATE_ACME_ANSWER`, or the reason of `signal`.
 */
export type CaExchange = (request: CaRequest) => Promise<CaAnswer>;

export interface CaExchangeOptions {
  /** PEM of roots to trust beside the default ones. */
  readonly rootsPem: string | undefined;
  readonly clock: Clock;
  /** For an answer to begin and for each pause in it; 30 s unless told. */
  readonly answerDeadlineMs?: number;
  readonly connectDeadlineMs?: number;
}

/** What a CA is asked at once, so that a hundred hosts do not fall upon it together. */
const maxConnections = 8;
const maxAnswerBytes = 1024 * 1024;

/** Idle connections close by themselves after seconds and do not keep the process alive. */
export function caExchange(options: CaExchangeOptions): CaExchange {
  const { rootsPem, clock, answerDeadlineMs = 30_000, connectDeadlineMs = 10_000 } = options;
  const agent = new Agent({
    connect: {
      ca: [...getCACertificates('default'), ...(rootsPem === undefined ? [] : [rootsPem])],
      timeout: connectDeadlineMs,
      // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
      rejectUnauthorized: true,
    },
    allowH2: false,
    connections: maxConnections,
    headersTimeout: answerDeadlineMs,
    bodyTimeout: answerDeadlineMs,
    maxResponseSize: maxAnswerBytes,
  });
  return async ({ method, url, body, signal }) => {
    signal.throwIfAborted();
    const host = caHost(url);
    try {
      const response = await request(url, {
        dispatcher: agent,
        method,
        signal,
        headers: {
          'user-agent': 'mirrorgate',
          'accept-language': 'en',
          ...(body === undefined ? {} : { 'content-type': 'application/jose+json' }),
        },
        ...(body === undefined ? {} : { body }),
      });
      return await readAnswer(response, { host, now: clock.now() });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof MirrorgateError) throw error;
      throw unreachable(host, error);
    }
  };
}

/**
 * The CA as errors name it.
 * @throws MirrorgateError `MIRRORGATE_ACME_ANSWER` unless it is https (RFC 8555 §6.1)
 */
export function caHost(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === 'https:') return parsed.host;
  throw unexpectedAnswer(`${url} is no https URL`);
}

async function readAnswer(
  { statusCode: status, headers: raw, body }: Dispatcher.ResponseData,
  { host, now }: { readonly host: string; readonly now: Date },
): Promise<CaAnswer> {
  const headers = Object.fromEntries(
    Object.entries(raw).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]),
  );
  const data = parseBody(await body.text(), headers['content-type'] ?? '', host);
  const retryAfterSeconds = tryRetryAfter(headers['retry-after'], now);
  const retryAt =
    retryAfterSeconds === undefined
      ? undefined
      : new Date(now.getTime() + retryAfterSeconds * 1_000);
  if (status < 200 || (status >= 300 && status < 400)) {
    throw unexpectedAnswer(`${host} answered with status ${status}`);
  }
  if (status >= 400) {
    const problem = acmeProblem({ host, status, data, retryAt });
    if (problem.facts.type !== 'badNonce') throw problem;
  }
  return { status, headers, data, retryAt };
}

function parseBody(text: string, contentType: string, host: string): unknown {
  if (!/^application\/(?:[a-z.-]+\+)?json\b/i.test(contentType)) return text;
  try {
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  } catch (cause) {
    throw unexpectedAnswer(`${host} sent broken JSON`, cause);
  }
}

function unreachable(host: string, error: unknown): MirrorgateError {
  return new MirrorgateError(
    'MIRRORGATE_ACME_UNREACHABLE',
    `the CA ${host} cannot be reached: ${errorMessage(error)}`,
    { cause: error, hint: unreachableHint(errorCode(error) ?? '') },
  );
}

function unreachableHint(code: string): string {
  if (/^(?:CERT_HAS_EXPIRED|CERT_NOT_YET_VALID)$/.test(code)) {
    return 'check the clock of this machine; if it is right, the CA has let its certificate expire';
  }
  if (/SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)|CERT_/.test(code)) {
    return 'if the CA has a private root, name its PEM in trust of this CA';
  }
  return 'check that this machine resolves the name and may connect to its https port';
}
