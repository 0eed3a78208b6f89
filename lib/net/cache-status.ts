/** The `Cache-Status` response header (RFC 9211), in the forms this program gives it. */

export type CacheStatus =
  'hit' | 'hit-stale' | 'miss-stored' | 'miss-collapsed' | 'miss' | 'revalidated' | 'bypass';

const texts: Readonly<Record<CacheStatus, string>> = {
  hit: 'mirrorgate; hit',
  'hit-stale': 'mirrorgate; hit; detail=stale',
  'miss-stored': 'mirrorgate; fwd=miss; stored',
  'miss-collapsed': 'mirrorgate; fwd=miss; collapsed',
  miss: 'mirrorgate; fwd=miss',
  revalidated: 'mirrorgate; fwd=stale; detail=revalidated',
  bypass: 'mirrorgate; fwd=bypass',
};

const statuses = new Map(
  Object.entries(texts).map(([status, text]) => [text, status as CacheStatus]),
);

export function cacheStatusText(status: CacheStatus): string {
  return texts[status];
}

/** The status that `text` stands for; undefined for a header that is not ours. */
export function tryCacheStatus(text: string | undefined): CacheStatus | undefined {
  return text === undefined ? undefined : statuses.get(text);
}
