/** Manifests from the shelf, else from the upstream: fetched once for any herd, verified, kept. */
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { CacheStatus } from '../net/cache-status.ts';
import { digestAlgorithm, digestOf, type Digest } from '../oci/digest.ts';
import { judgeManifest, maxManifestBytes } from '../oci/manifest.ts';
import type { RepositoryName, Tag } from '../oci/names.ts';
import type { Reference } from '../oci/reference.ts';
import type { RepositoryKey } from '../store/layout.ts';
import { readBody } from '../upstream/body.ts';
import type { RequestTally } from '../upstream/request-tally.ts';
import type { UpstreamResponse } from '../upstream/registry.ts';
import type { CachedMirror } from './cached-mirror.ts';
import type { Manifest, ManifestShelf } from './manifest-shelf.ts';
import { SingleFlight } from './single-flight.ts';

/** Which repository is asked, and on whose account. */
export interface ManifestQuery {
  readonly mirror: CachedMirror;
  readonly repository: RepositoryName;
  /** Counts the upstream requests made for it; those of shared work count for who began it. */
  readonly tally: RequestTally;
}

export interface FoundManifest {
  readonly manifest: Manifest;
  readonly cacheStatus: CacheStatus;
}

export class ManifestSource {
  readonly #shelf: ManifestShelf;
  readonly #fetching = new SingleFlight<Manifest>();
  readonly #closing = new AbortController();

  constructor(shelf: ManifestShelf) {
    this.#shelf = shelf;
  }

  /** @throws the upstream's error, or MirrorgateError `MIRRORGATE_CONTENT_INVALID` */
  async byDigest(query: ManifestQuery, digest: Digest): Promise<FoundManifest> {
    const key = repositoryKey(query);
    const held = await this.#shelf.take(key, digest);
    if (held !== undefined) return { manifest: held, cacheStatus: 'hit' };
    const { result, isLeader } = this.#fetching.share(`${repositoryText(key)}@${digest}`, () =>
      this.#fetch(query, { kind: 'digest', digest }),
    );
    return { manifest: await result, cacheStatus: isLeader ? 'miss-stored' : 'miss-collapsed' };
  }

  /** Asks the upstream whatever is held. @throws as {@link byDigest} */
  fetchTag(query: ManifestQuery, tag: Tag): Promise<Manifest> {
    return this.#fetch(query, { kind: 'tag', tag });
  }

  /** What the upstream says of the tag, without its body. */
  ask(query: ManifestQuery, tag: Tag): Promise<UpstreamResponse> {
    return this.#send(query, { kind: 'tag', tag }, 'HEAD');
  }

  close(): void {
    this.#closing.abort();
  }

  async #fetch(query: ManifestQuery, reference: Reference): Promise<Manifest> {
    const response = await this.#send(query, reference, 'GET');
    const bytes = await readBody(response, maxManifestBytes, this.#closing.signal);
    const wanted = reference.kind === 'digest' ? reference.digest : response.contentDigest;
    const digest = digestOf(bytes, wanted === undefined ? 'sha256' : digestAlgorithm(wanted));
    if (wanted !== undefined && digest !== wanted) {
      throw new MirrorgateError(
        'MIRRORGATE_CONTENT_INVALID',
        `the upstream's manifest was refused: it should be ${wanted} and is ${digest}`,
      );
    }
    const mediaType = judgeManifest(bytes, response.contentType ?? '');
    const manifest = { digest, mediaType, bytes };
    await this.#shelf.put(repositoryKey(query), manifest);
    return manifest;
  }

  #send(
    { mirror, repository, tally }: ManifestQuery,
    reference: Reference,
    method: 'GET' | 'HEAD',
  ): Promise<UpstreamResponse> {
    const resource = { kind: 'manifest', reference } as const;
    const { signal } = this.#closing;
    return mirror.upstream.fetch({ method, repository, resource, signal, tally });
  }
}

export function repositoryKey({ mirror, repository }: ManifestQuery): RepositoryKey {
  return { mirror: mirror.name, repository };
}

export function repositoryText({ mirror, repository }: RepositoryKey): string {
  return `${mirror}/${repository}`;
}
