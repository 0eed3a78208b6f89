/** What becomes known of a request while it is answered, and what is told of it at its end. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tryCacheStatus } from '../net/cache-status.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ExchangeKind, FinishedExchange } from './observer.ts';

/** Filled in while the request is handled; what never became known stays undefined. */
export interface AccessRecord {
  client: string | undefined;
  label: string | undefined;
  host: string | undefined;
  /** The mirror's or service's name. */
  mirror: string | undefined;
  kind: ExchangeKind;
  repository: string | undefined;
  /** Tag or digest. */
  reference: string | undefined;
  cache: string | undefined;
  upstreamRequests: number | undefined;
  /** When the answer began, by `performance.now()`. */
  answeredAt: number | undefined;
  /** Why it was refused. */
  error: string | undefined;
}

export function emptyRecord(): AccessRecord {
  return {
    client: undefined,
    label: undefined,
    host: undefined,
    mirror: undefined,
    kind: 'other',
    repository: undefined,
    reference: undefined,
    cache: undefined,
    upstreamRequests: undefined,
    answeredAt: undefined,
    error: undefined,
  };
}

/** Calls `onFinished` once the answer is sent or broken off. */
export function watchExchange(
  request: IncomingMessage,
  response: ServerResponse,
  record: AccessRecord,
  onFinished: (exchange: FinishedExchange) => void,
): void {
  const begunAt = performance.now();
  const { socket } = request;
  const bytesBefore = socket.bytesWritten;
  response.once('close', () => {
    const { cache, answeredAt, ...facts } = record;
    const endedAt = performance.now();
    onFinished({
      ...facts,
      endedAtMs: Date.now(),
      cache: tryCacheStatus(cache),
      method: request.method,
      status: response.headersSent ? response.statusCode : undefined,
      sentBytes: socket.bytesWritten - bytesBefore,
      firstByteMs: (answeredAt ?? endedAt) - begunAt,
      durationMs: endedAt - begunAt,
      isComplete: response.writableFinished,
      agent: request.headers['user-agent'],
    });
  });
}

/** One line of the access log: who asked for what, what they got, what it cost upstream. */
export function logAccess(
  logger: Logger,
  { url }: IncomingMessage,
  record: AccessRecord,
  exchange: FinishedExchange,
): void {
  const { client, label, host, mirror, repository, reference, upstreamRequests, error } = exchange;
  logger.info('access', {
    ...{ client, label, host, mirror, repository, reference },
    cache: record.cache,
    ...{ upstreamRequests, error },
    method: exchange.method,
    target: url?.split('?', 1)[0],
    status: exchange.status,
    bytes: exchange.sentBytes,
    durationMs: Math.round(exchange.durationMs),
    complete: exchange.isComplete,
    agent: exchange.agent,
  });
}
