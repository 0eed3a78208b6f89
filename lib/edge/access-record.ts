/** One line of the access log per request: who asked for what, what they got, what it cost upstream. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../telemetry/logger.ts';

/** Filled in while the request is handled; what never became known stays undefined. */
export interface AccessRecord {
  client: string | undefined;
  label: string | undefined;
  host: string | undefined;
  /** The mirror's or service's name. */
  mirror: string | undefined;
  repository: string | undefined;
  /** Tag or digest. */
  reference: string | undefined;
  cache: string | undefined;
  upstreamRequests: number | undefined;
  /** Why it was refused. */
  error: string | undefined;
}

export function emptyRecord(): AccessRecord {
  return {
    client: undefined,
    label: undefined,
    host: undefined,
    mirror: undefined,
    repository: undefined,
    reference: undefined,
    cache: undefined,
    upstreamRequests: undefined,
    error: undefined,
  };
}

/** Logs `record` once the answer is sent or broken off. */
export function logAccess(
  logger: Logger,
  request: IncomingMessage,
  response: ServerResponse,
  record: AccessRecord,
): void {
  const begunAt = performance.now();
  const { socket } = request;
  const bytesBefore = socket.bytesWritten;
  response.once('close', () => {
    logger.info('access', {
      ...record,
      method: request.method,
      target: request.url?.split('?', 1)[0],
      status: response.headersSent ? response.statusCode : undefined,
      bytes: socket.bytesWritten - bytesBefore,
      durationMs: Math.round(performance.now() - begunAt),
      complete: response.writableFinished,
      agent: request.headers['user-agent'],
    });
  });
}
