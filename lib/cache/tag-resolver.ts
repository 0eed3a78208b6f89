/**
 * What a tag means: as known while fresh, else as the upstream says by HEAD (free of Docker Hub's
 * quota), once for any herd. What was known stands in while the upstream is out.
 */
import type { CacheStatus } from '../net/cache-status.ts';
import { essenceOf } from '../oci/media-types.ts';
import type { Tag } from '../oci/names.ts';
import type { RepositoryIndex, TagRecord } from '../store/repository-index.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import { permitsStale, UpstreamUnreachableError } from '../upstream/errors.ts';
import type { CachedMirror } from './cached-mirror.ts';
import type { DiskTrouble } from './disk-trouble.ts';
import type { Manifest } from './manifest-shelf.ts';
import {
  repositoryKey,
  repositoryText,
  type ManifestQuery,
  type ManifestSource,
} from './manifest-source.ts';
import { SingleFlight } from './single-flight.ts';

export interface ResolvedTag {
  readonly record: TagRecord;
  readonly cacheStatus: CacheStatus;
  /** Why the answer is stale, for the user. */
  readonly staleReason?: string;
  /** Where finding out brought the manifest itself. */
  readonly manifest?: Manifest;
}

/** How long a known tag waits for its confirmation before it is served as it was known. */
const patienceMs = 3_000;

export interface TagResolverOptions {
  readonly source: ManifestSource;
  readonly index: RepositoryIndex;
  readonly disk: DiskTrouble;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class TagResolver {
  readonly #source: ManifestSource;
  readonly #index: RepositoryIndex;
  readonly #disk: DiskTrouble;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #asking = new SingleFlight<ResolvedTag>();

  constructor({ source, index, disk, clock, logger }: TagResolverOptions) {
    this.#source = source;
    this.#index = index;
    this.#disk = disk;
    this.#clock = clock;
    this.#logger = logger;
  }

  /**
   * `needsManifest` lets a tag that nobody knows be fetched in one request in place of two.
   * @throws the upstream's error, or MirrorgateError `MIRRORGATE_CONTENT_INVALID`
   */
  async resolve(query: ManifestQuery, tag: Tag, needsManifest: boolean): Promise<ResolvedTag> {
    const key = repositoryKey(query);
    const known = await this.#index.tag(key, tag);
    if (known !== undefined && this.#isFresh(query.mirror, tag, known)) {
      return { record: known, cacheStatus: 'hit' };
    }
    const fetches = known === undefined && needsManifest;
    const { result, isLeader } = this.#asking.share(
      `${fetches ? 'fetch' : 'ask'} ${repositoryText(key)}:${tag}`,
      () => (fetches ? this.#fetch(query, tag) : this.#confirm(query, tag, known)),
    );
    const resolved = await result;
    const collapsed = !isLeader && resolved.cacheStatus === 'miss-stored';
    return collapsed ? { ...resolved, cacheStatus: 'miss-collapsed' } : resolved;
  }

  #isFresh(mirror: CachedMirror, tag: Tag, record: TagRecord): boolean {
    const ageMs = this.#clock.now().getTime() - record.checkedAt.getTime();
    return mirror.isImmutable(tag) || (ageMs >= 0 && ageMs < mirror.ttlMs);
  }

  async #fetch(query: ManifestQuery, tag: Tag): Promise<ResolvedTag> {
    const manifest = await this.#source.fetchTag(query, tag);
    const { digest, mediaType, bytes } = manifest;
    const record = await this.#record(query, tag, { digest, mediaType, sizeBytes: bytes.length });
    return { record, cacheStatus: 'miss-stored', manifest };
  }

  async #confirm(
    query: ManifestQuery,
    tag: Tag,
    known: TagRecord | undefined,
  ): Promise<ResolvedTag> {
    const asked = this.#ask(query, tag, known);
    if (known === undefined) return asked;
    try {
      return await this.#withinPatience(asked, query);
    } catch (error) {
      return this.#standIn(query, tag, known, error);
    }
  }

  /** With an answer at hand nobody waits long for a better one; it is recorded when it comes. */
  async #withinPatience(
    asked: Promise<ResolvedTag>,
    { mirror }: ManifestQuery,
  ): Promise<ResolvedTag> {
    const late = Promise.withResolvers<never>();
    const timer = this.#clock.after(patienceMs, () =>
      late.reject(
        new UpstreamUnreachableError(`no answer within ${patienceMs} ms`, { host: mirror.name }),
      ),
    );
    asked.catch(() => undefined);
    try {
      return await Promise.race([asked, late.promise]);
    } finally {
      timer.cancel();
    }
  }

  /** A tag that moved is recorded only with its manifest in hand: until then the old one stands. */
  async #ask(query: ManifestQuery, tag: Tag, known: TagRecord | undefined): Promise<ResolvedTag> {
    const { contentDigest, contentType, contentLength } = await this.#source.ask(query, tag);
    if (contentDigest === undefined || contentType === undefined || contentLength === undefined) {
      return this.#fetch(query, tag);
    }
    const unchanged = known?.digest === contentDigest;
    if (known !== undefined && !unchanged && query.mirror.upstream.isQuotaLow()) {
      return this.#holdBack(query, tag, known);
    }
    const manifest =
      known === undefined || unchanged
        ? undefined
        : (await this.#source.byDigest(query, contentDigest)).manifest;
    const record = await this.#record(query, tag, {
      digest: contentDigest,
      mediaType: essenceOf(contentType),
      sizeBytes: contentLength,
    });
    if (manifest !== undefined) return { record, cacheStatus: 'miss-stored', manifest };
    return { record, cacheStatus: unchanged ? 'revalidated' : 'miss' };
  }

  /** The tag moved, and to fetch what it means now would spend what is kept in reserve. */
  #holdBack({ mirror, repository }: ManifestQuery, tag: Tag, known: TagRecord): ResolvedTag {
    this.#logger.warn('serving a stale tag, the quota is in reserve', {
      mirror: mirror.name,
      repository,
      tag,
    });
    return {
      record: known,
      cacheStatus: 'hit-stale',
      staleReason: 'this tag has moved, and the quota of the upstream is nearly spent',
    };
  }

  async #standIn(
    query: ManifestQuery,
    tag: Tag,
    known: TagRecord,
    error: unknown,
  ): Promise<ResolvedTag> {
    const { mirror, repository } = query;
    const ageMs = this.#clock.now().getTime() - known.checkedAt.getTime();
    if (!permitsStale(error)) {
      await this.#forget(query, tag);
      throw error;
    }
    if (ageMs > mirror.ttlMs + mirror.staleIfErrorMs) throw error;
    const fields = errorFields(error);
    this.#logger.warn('serving a stale tag', { mirror: mirror.name, repository, tag, ...fields });
    const staleReason = `the upstream could not confirm this tag since ${known.checkedAt.toISOString()}`;
    return { record: known, cacheStatus: 'hit-stale', staleReason };
  }

  async #record(
    query: ManifestQuery,
    tag: Tag,
    meaning: Omit<TagRecord, 'checkedAt'>,
  ): Promise<TagRecord> {
    const record = { ...meaning, checkedAt: this.#clock.now() };
    try {
      await this.#index.putTag(repositoryKey(query), tag, record);
    } catch (error) {
      this.#disk.report(error);
    }
    return record;
  }

  async #forget(query: ManifestQuery, tag: Tag): Promise<void> {
    try {
      await this.#index.removeTag(repositoryKey(query), tag);
    } catch (error) {
      this.#disk.report(error);
    }
  }
}
