/** A pull quota in front of a fake registry, as Docker Hub counts: manifests by GET. */
import { sendError } from './fake-registry.ts';
import type { Handler } from './fake-server.ts';

export interface RateLimitOptions {
  readonly limit: number;
  readonly windowSeconds?: number;
  readonly source?: string;
  readonly retryAfter?: string;
}

export function withRateLimit(next: Handler, options: RateLimitOptions): Handler {
  const { limit, windowSeconds = 21600, source = '192.0.2.1', retryAfter = '60' } = options;
  let used = 0;
  return (exchange) => {
    const { record, response } = exchange;
    if (record.kind !== 'manifest') return next(exchange);
    const isSpent = used >= limit;
    if (record.method === 'GET' && !isSpent) used += 1;
    response.setHeader('ratelimit-limit', `${limit};w=${windowSeconds}`);
    response.setHeader('ratelimit-remaining', `${limit - used};w=${windowSeconds}`);
    response.setHeader('docker-ratelimit-source', source);
    if (!isSpent || record.method !== 'GET') return next(exchange);
    const headers = { 'retry-after': retryAfter };
    sendError(exchange, { status: 429, code: 'TOOMANYREQUESTS', headers });
    return undefined;
  };
}
