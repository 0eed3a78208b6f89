/**
 * Every path inside the cache directory, and nothing else about it. Arguments are parsed values
 * that cannot hold a traversal: digests are hexadecimal, repository components start with a letter
 * or digit (so `_blobs` cannot be one), tags never start with a dot.
 */
import { join } from 'node:path';
import { digestAlgorithm, digestHex, tryDigest, type Digest } from '../oci/digest.ts';
import type { RepositoryName, Tag } from '../oci/names.ts';

/** Written to `layout`; a cache of another version is refused, not guessed at. */
export const layoutVersion = 'mirrorgate cache layout 1\n';

/** A repository of one mirror; what one mirror's credentials may read says nothing of another's. */
export interface RepositoryKey {
  readonly mirror: string;
  readonly repository: RepositoryName;
}

export class StoreLayout {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  get layoutFile(): string {
    return join(this.root, 'layout');
  }

  /** Verified content of every mirror, by digest. */
  get blobs(): string {
    return join(this.root, 'blobs');
  }

  /** What is being written; swept at start. */
  filling(worker: string): string {
    return join(this.root, 'filling', worker);
  }

  /** Damaged content, set aside for a look. */
  get quarantine(): string {
    return join(this.root, 'quarantine');
  }

  blob(digest: Digest): string {
    const hex = digestHex(digest);
    return join(this.blobs, digestAlgorithm(digest), hex.slice(0, 2), hex);
  }

  quarantined(digest: Digest, at: Date): string {
    return join(this.quarantine, `${digest.replace(':', '-')}-${at.getTime()}`);
  }

  /** Folders of the mirrors' repositories. */
  get mirrors(): string {
    return join(this.root, 'mirrors');
  }

  mirror(mirror: string): string {
    return join(this.mirrors, mirror);
  }

  repository({ mirror, repository }: RepositoryKey): string {
    return join(this.mirror(mirror), ...repository.split('/'));
  }

  blobLinks(key: RepositoryKey): string {
    return join(this.repository(key), '_blobs');
  }

  blobLink(key: RepositoryKey, digest: Digest): string {
    return join(this.blobLinks(key), digestAlgorithm(digest), digestHex(digest));
  }

  manifestLinks(key: RepositoryKey): string {
    return join(this.repository(key), '_manifests');
  }

  manifestLink(key: RepositoryKey, digest: Digest): string {
    return join(this.manifestLinks(key), digestAlgorithm(digest), digestHex(digest));
  }

  tags(key: RepositoryKey): string {
    return join(this.repository(key), '_tags');
  }

  tag(key: RepositoryKey, tag: Tag): string {
    return join(this.tags(key), tag);
  }
}

/** The digest whose file is `<algorithm>/…/<hex>`, or undefined for a stray name. */
export function digestOfFile(algorithm: string, name: string): Digest | undefined {
  return tryDigest(`${algorithm}:${name}`);
}
