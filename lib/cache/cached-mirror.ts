/** What the cache knows of a mirror: its name, its rules for tags, and the upstream behind it. */
import type { Tag } from '../oci/names.ts';
import type { UpstreamSet } from '../upstream/upstream-set.ts';

export interface CachedMirror {
  readonly name: string;
  /** How long a tag is answered without asking the upstream. */
  readonly ttlMs: number;
  /** How long beyond that it is answered while the upstream is out. */
  readonly staleIfErrorMs: number;
  /** Tags that never move, so never need asking again. */
  readonly isImmutable: (tag: Tag) => boolean;
  /** For blobs of `fromBytes` and more: how many connections fetch one; undefined means one. */
  readonly parallel: { readonly connections: number; readonly fromBytes: number } | undefined;
  readonly upstream: Pick<UpstreamSet, 'fetch' | 'isQuotaLow'>;
}
