/** The header fields that cross the edge, in each direction; every other one stops here. */
import type { IncomingMessage } from 'node:http';
import type { Target } from './admission.ts';
import type { WorkerHeaders } from './sent-answer.ts';

/** Of a client's request only these reach a worker. None reaches an upstream. */
const requestHeaders = ['range', 'if-range', 'if-none-match'] as const;

/** Of a worker's answer only these reach a client. */
const answerHeaders = [
  'accept-ranges',
  'age',
  'cache-status',
  'content-length',
  'content-range',
  'content-type',
  'docker-content-digest',
  'etag',
  'oci-filters-applied',
  'retry-after',
  'warning',
] as const;

export function workerRequestHeaders(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of requestHeaders) {
    const value = request.headers[name];
    if (typeof value === 'string') headers[name] = value;
  }
  return headers;
}

/** `target` and `namespace` are the client's own: the next page of a list is asked for alike. */
export function clientHeaders(
  received: WorkerHeaders,
  target: Target,
  namespace: string | undefined,
): Record<string, string> {
  const headers: Record<string, string> = { 'docker-distribution-api-version': 'registry/2.0' };
  for (const name of answerHeaders) {
    const value = received[name];
    if (typeof value === 'string') headers[name] = value;
  }
  if (namespace !== undefined) headers['oci-namespace'] = namespace;
  const { link } = received;
  const next = typeof link === 'string' ? nextPage(link, target, namespace) : undefined;
  if (next !== undefined) headers['link'] = next;
  return headers;
}

/** The upstream's `Link` names its own path; the client must come back by the one it used. */
function nextPage(link: string, target: Target, namespace: string | undefined): string | undefined {
  const query = /^<[^>?]*\?([A-Za-z0-9._~&=%+:/-]+)>\s*;\s*rel="?next"?$/.exec(link)?.[1];
  if (query === undefined) return undefined;
  const parameters = new URLSearchParams(query);
  if (namespace !== undefined) parameters.set('ns', namespace);
  return `<${target.path}?${parameters.toString()}>; rel="next"`;
}
