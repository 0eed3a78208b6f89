/** Manifests by tag and by digest, as a client asks for them. */
import type { CacheStatus } from '../net/cache-status.ts';
import type { Digest } from '../oci/digest.ts';
import type { Tag } from '../oci/names.ts';
import type { Reference } from '../oci/reference.ts';
import type { RepositoryIndex } from '../store/repository-index.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import type { DiskTrouble } from './disk-trouble.ts';
import type { CachedMirror } from './cached-mirror.ts';
import type { ManifestShelf } from './manifest-shelf.ts';
import { ManifestSource, type ManifestQuery } from './manifest-source.ts';
import { TagResolver } from './tag-resolver.ts';

export interface ManifestRequest extends ManifestQuery {
  readonly reference: Reference;
  readonly method: 'GET' | 'HEAD';
}

export interface ManifestAnswer {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
  /** Always there for a GET; a HEAD may be answered without having them. */
  readonly bytes: Buffer | undefined;
  readonly cacheStatus: CacheStatus;
  /** Since the upstream last confirmed it; undefined for a digest, which needs no confirming. */
  readonly ageSeconds: number | undefined;
  /** How long it may be given again without asking here; 0 where it is stale. */
  readonly freshForSeconds: number;
  /** Why an answer is stale, for the user. */
  readonly staleReason: string | undefined;
}

/** A year, as RFC 9111 §1.2.2 lets anything mean "for good". */
const neverChangesSeconds = 31_536_000;

export interface ManifestCacheOptions {
  readonly shelf: ManifestShelf;
  readonly index: RepositoryIndex;
  readonly disk: DiskTrouble;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class ManifestCache {
  readonly #source: ManifestSource;
  readonly #tags: TagResolver;
  readonly #clock: Clock;

  constructor({ shelf, index, disk, clock, logger }: ManifestCacheOptions) {
    this.#source = new ManifestSource(shelf);
    this.#tags = new TagResolver({ source: this.#source, index, disk, clock, logger });
    this.#clock = clock;
  }

  /**
   * @throws the upstream's error where nothing usable is held (see lib/upstream/errors.ts), or
   *   MirrorgateError `MIRRORGATE_CONTENT_INVALID`
   */
  open(request: ManifestRequest): Promise<ManifestAnswer> {
    const { reference } = request;
    return reference.kind === 'tag'
      ? this.#openTag(request, reference.tag)
      : this.#openDigest(request, reference.digest);
  }

  close(): void {
    this.#source.close();
  }

  async #openDigest(request: ManifestRequest, digest: Digest): Promise<ManifestAnswer> {
    const { manifest, cacheStatus } = await this.#source.byDigest(request, digest);
    return {
      digest,
      mediaType: manifest.mediaType,
      sizeBytes: manifest.bytes.length,
      bytes: manifest.bytes,
      cacheStatus,
      ageSeconds: undefined,
      freshForSeconds: neverChangesSeconds,
      staleReason: undefined,
    };
  }

  async #openTag(request: ManifestRequest, tag: Tag): Promise<ManifestAnswer> {
    const isGet = request.method === 'GET';
    const resolved = await this.#tags.resolve(request, tag, isGet);
    const { record } = resolved;
    const found =
      isGet && resolved.manifest === undefined
        ? await this.#source.byDigest(request, record.digest)
        : undefined;
    const manifest = resolved.manifest ?? found?.manifest;
    const wasHere = found === undefined || found.cacheStatus === 'hit';
    const ageMs = this.#clock.now().getTime() - record.checkedAt.getTime();
    return {
      digest: record.digest,
      mediaType: manifest?.mediaType ?? record.mediaType,
      sizeBytes: manifest?.bytes.length ?? record.sizeBytes,
      bytes: manifest?.bytes,
      cacheStatus: wasHere ? resolved.cacheStatus : found.cacheStatus,
      ageSeconds: Math.max(0, Math.floor(ageMs / 1000)),
      freshForSeconds:
        resolved.staleReason === undefined ? this.#freshForSeconds(request.mirror, tag, ageMs) : 0,
      staleReason: resolved.staleReason,
    };
  }

  /** As the resolver counts it, so that nothing is given out here or elsewhere after its `ttl`. */
  #freshForSeconds(mirror: CachedMirror, tag: Tag, ageMs: number): number {
    if (mirror.isImmutable(tag)) return neverChangesSeconds;
    return ageMs < 0 ? 0 : Math.max(0, Math.floor((mirror.ttlMs - ageMs) / 1000));
  }
}
