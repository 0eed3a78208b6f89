/** What a fake registry holds, and the answers that follow from it. */
import { digestOf, tryDigest, type Digest } from '../../../lib/oci/digest.ts';
import { ociManifest } from '../../../lib/oci/media-types.ts';
import type { RequestKind } from './fake-server.ts';
import type { Content } from './faults.ts';

export interface FakeManifest {
  readonly repository: string;
  /** Undefined: by digest only. */
  readonly tag?: string;
  readonly body: Buffer | string | object;
  /** OCI image manifest unless told. */
  readonly mediaType?: string;
  /** The repository's manifest that this one refers to. */
  readonly subject?: Digest;
}

interface StoredManifest {
  readonly repository: string;
  readonly digest: Digest;
  readonly bytes: Buffer;
  readonly mediaType: string;
  readonly subject: Digest | undefined;
}

/** What the registry holds; {@link find} gives an OCI error code for what it does not. */
export class FakeStore {
  readonly #blobs = new Map<Digest, { bytes: Buffer; repositories: Set<string> | undefined }>();
  readonly #manifests: StoredManifest[] = [];
  readonly #tags = new Map<string, StoredManifest>();

  addBlob(bytes: Buffer, repository: string | undefined): Digest {
    const digest = digestOf(bytes);
    const held = this.#blobs.get(digest)?.repositories ?? new Set<string>();
    const repositories = repository === undefined ? undefined : held.add(repository);
    this.#blobs.set(digest, { bytes, repositories });
    return digest;
  }

  removeBlob(digest: Digest): void {
    this.#blobs.delete(digest);
  }

  addManifest({ repository, tag, body, mediaType, subject }: FakeManifest): Digest {
    const bytes = Buffer.isBuffer(body)
      ? body
      : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    const digest = digestOf(bytes);
    const stored = { repository, digest, bytes, mediaType: mediaType ?? ociManifest, subject };
    this.#manifests.push(stored);
    if (tag !== undefined) this.#tags.set(`${repository}:${tag}`, stored);
    return digest;
  }

  find(kind: RequestKind, url: URL): Content | string {
    const match = /^\/v2\/(.+)\/(?:manifests|blobs|tags|referrers)\/([^/]+)$/.exec(url.pathname);
    const [, repository = '', last = ''] = match ?? [];
    if (kind === 'blob') return this.#blob(repository, last);
    if (kind === 'manifest') return this.#manifest(repository, last);
    if (kind === 'tags') return this.#tagList(repository);
    if (kind !== 'referrers') return 'UNSUPPORTED';
    return this.#referrers(repository, last, url.searchParams.get('artifactType'));
  }

  #blob(repository: string, text: string): Content | string {
    const digest = tryDigest(text);
    const blob = digest && this.#blobs.get(digest);
    if (blob === undefined || blob.repositories?.has(repository) === false) return 'BLOB_UNKNOWN';
    return { bytes: blob.bytes, headers: contentHeaders(text, 'application/octet-stream') };
  }

  #manifest(repository: string, text: string): Content | string {
    const manifests = this.#manifests.filter((manifest) => manifest.repository === repository);
    if (manifests.length === 0) return 'NAME_UNKNOWN';
    const found =
      this.#tags.get(`${repository}:${text}`) ?? manifests.find(({ digest }) => digest === text);
    if (found === undefined) return 'MANIFEST_UNKNOWN';
    return { bytes: found.bytes, headers: contentHeaders(found.digest, found.mediaType) };
  }

  #tagList(repository: string): Content | string {
    const prefix = `${repository}:`;
    const tags = [...this.#tags.keys()]
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length));
    if (tags.length === 0) return 'NAME_UNKNOWN';
    return json({ name: repository, tags: tags.sort() }, 'application/json');
  }

  #referrers(repository: string, subject: string, artifactType: string | null): Content {
    const manifests = this.#manifests
      .filter((manifest) => manifest.repository === repository && manifest.subject === subject)
      .map(({ digest, bytes, mediaType }) => ({ mediaType, digest, size: bytes.length }));
    const mediaType = 'application/vnd.oci.image.index.v1+json';
    const content = json({ schemaVersion: 2, mediaType, manifests }, mediaType);
    const filter = artifactType === null ? {} : { 'oci-filters-applied': 'artifactType' };
    return { ...content, headers: { ...content.headers, ...filter } };
  }
}

function contentHeaders(digest: string, mediaType: string): Record<string, string> {
  return { 'content-type': mediaType, 'docker-content-digest': digest, etag: `"${digest}"` };
}

function json(value: unknown, mediaType: string): Content {
  return { bytes: Buffer.from(JSON.stringify(value)), headers: { 'content-type': mediaType } };
}
