/** The answers the edge gives by itself. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createHash } from 'node:crypto';
import { errorMessage, MirrorgateError } from '../errors/mirrorgate-error.ts';
import { urlHost, type HostName } from '../net/host-name.ts';
import { errorResponse, ociErrorBody } from '../oci/error-responses.ts';
import type { Target } from './admission.ts';
import { BudgetSpentError } from './allowance.ts';

/** After these what follows on the connection cannot be trusted. */
const closingStatuses = new Set([400, 405, 414, 421, 431]);

/** How long a client should leave a part of us alone that is being restarted. */
const retryAfterSeconds = 5;

/**
 * Answers with the status and OCI error body of `error`. A request that broke the rules gets its
 * connection closed as well.
 */
export function sendError(response: ServerResponse, error: unknown): void {
  const { status, code } = errorResponse(error);
  const message = error instanceof MirrorgateError ? errorMessage(error) : 'internal error';
  const body = `${ociErrorBody(code, message.slice(0, 1024))}\n`;
  response.setHeader('content-type', 'application/json');
  response.setHeader('content-length', Buffer.byteLength(body));
  response.setHeader('docker-distribution-api-version', 'registry/2.0');
  if (status === 405) response.setHeader('allow', 'GET, HEAD');
  if (status === 503) response.setHeader('retry-after', retryAfter(error));
  if (closingStatuses.has(status)) response.shouldKeepAlive = false;
  response.writeHead(status);
  response.end(body);
}

/** distribution-spec §Determining Support (end-1). Never a 401: a challenge would cost a round trip. */
export function sendPing(response: ServerResponse, namespace: string | undefined): void {
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': 2,
    'docker-distribution-api-version': 'registry/2.0',
    ...(namespace === undefined ? {} : { 'oci-namespace': namespace }),
  });
  response.end('{}');
}

/** To https of the same host, whatever was asked for (RFC 9110 §15.4.9). */
export function sendRedirect(
  request: IncomingMessage,
  response: ServerResponse,
  to: { readonly host: HostName; readonly port: number; readonly target: Target },
): void {
  const port = to.port === 443 ? '' : `:${to.port}`;
  const { path, query } = to.target;
  const location = `https://${urlHost(to.host)}${port}${path}${query === '' ? '' : `?${query}`}`;
  const body = request.method === 'HEAD' ? undefined : `${location}\n`;
  response.writeHead(308, { location, 'content-type': 'text/plain; charset=utf-8' }).end(body);
}

function retryAfter(error: unknown): number {
  return error instanceof BudgetSpentError ? error.retryAfterSeconds : retryAfterSeconds;
}

export interface Document {
  readonly contentType: string;
  readonly contentSecurityPolicy?: string;
  readonly body: string | Uint8Array;
  /** From {@link entityTag}. */
  readonly etag: string;
}

/** A strong one: the same for the same bytes alone (RFC 9110 §8.8.3). */
export function entityTag(body: Document['body']): string {
  return `"${createHash('sha256').update(body).digest('hex').slice(0, 32)}"`;
}

/** A small document, to be asked for anew each time; 304 where the client has it (RFC 9110 §13.1.2). */
export function sendDocument(
  request: IncomingMessage,
  response: ServerResponse,
  { contentType, contentSecurityPolicy, body, etag }: Document,
): void {
  const headers = { etag, 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff' };
  const condition = request.headers['if-none-match']?.split(',').map((tag) => tag.trim());
  if (condition?.some((tag) => tag === '*' || tag.replace(/^W\//, '') === etag) === true) {
    response.writeHead(304, headers).end();
    return;
  }
  response.writeHead(200, {
    ...headers,
    'content-type': contentType,
    ...(contentSecurityPolicy !== undefined && {
      'content-security-policy': contentSecurityPolicy,
      'referrer-policy': 'no-referrer',
    }),
    'content-length': Buffer.byteLength(body),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
