/** What becomes known of a request while it is answered, and what is told of it at its end. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tryCacheStatus } from '../net/cache-status.ts';
import type { Logger } from '../telemetry/logger.ts';
import { pathOf } from './admission.ts';
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
  response.on('close', () => {
    const endedAt = performance.now();
    // Each by its name: to copy the rest of an object costs more than all of them.
    onFinished({
      client: record.client,
      label: record.label,
      host: record.host,
      mirror: record.mirror,
      kind: record.kind,
      repository: record.repository,
      reference: record.reference,
      upstreamRequests: record.upstreamRequests,
      error: record.error,
      endedAtMs: Date.now(),
      cache: tryCacheStatus(record.cache),
      method: request.method,
      status: response.headersSent ? response.statusCode : undefined,
      sentBytes: socket.bytesWritten - bytesBefore,
      firstByteMs: (record.answeredAt ?? endedAt) - begunAt,
      durationMs: endedAt - begunAt,
      isComplete: response.writableFinished,
      agent: request.headers['user-agent'],
    });
  });
}

/** One line of the access log: who asked for what, what they got, what it cost upstream. */
export function logAccess(
  logger: Logger,
  { url = '' }: IncomingMessage,
  record: AccessRecord,
  exchange: FinishedExchange,
): void {
  logger.info('access', {
    client: exchange.client,
    label: exchange.label,
    host: exchange.host,
    mirror: exchange.mirror,
    repository: exchange.repository,
    reference: exchange.reference,
    cache: record.cache,
    upstreamRequests: exchange.upstreamRequests,
    error: exchange.error,
    method: exchange.method,
    target: pathOf(url),
    status: exchange.status,
    bytes: exchange.sentBytes,
    durationMs: Math.round(exchange.durationMs),
    complete: exchange.isComplete,
    agent: exchange.agent,
  });
}
