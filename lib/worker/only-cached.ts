/** A mirror while the budget permits hits only (`Cache-Control: only-if-cached`, RFC 9111 §5.2.1.7). */
import type { CachedMirror } from '../cache/cached-mirror.ts';
import { UpstreamFailedError } from '../upstream/errors.ts';

/** Clients fall back to their upstream at once; those that wait come back in an hour at most. */
const retryAfterSeconds = 600;

/** Tags are still confirmed, by HEAD; nothing is fetched, and stale content stands in for it. */
export function withoutTransfers(mirror: CachedMirror): CachedMirror {
  const { upstream } = mirror;
  return {
    ...mirror,
    upstream: {
      isQuotaLow: () => upstream.isQuotaLow(),
      fetch: (request) =>
        request.method === 'HEAD' ? upstream.fetch(request) : Promise.reject(withheld(mirror)),
    },
  };
}

function withheld({ name }: CachedMirror): UpstreamFailedError {
  return new UpstreamFailedError(
    'the bandwidth budget of this month is nearly spent: only what is in the cache is served',
    { host: name, status: 503, retryAfterSeconds },
  );
}
