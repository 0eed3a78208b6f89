/**
 * What each repository of each mirror is known to hold: blobs, manifests, and what its tags meant
 * when last asked. A record is proof that this mirror's upstream served the content to this
 * mirror's credentials; without one, content on disk is not given out.
 */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LRUCache } from 'lru-cache';
import { readFileIfPresent, removeFile, writeFileAtomically } from '../files/atomic-file.ts';
import { tryDigest, type Digest } from '../oci/digest.ts';
import type { Tag } from '../oci/names.ts';
import type { RepositoryKey, StoreLayout } from './layout.ts';

export interface BlobRecord {
  readonly sizeBytes: number;
}

export interface ManifestRecord {
  readonly mediaType: string;
  readonly sizeBytes: number;
}

export interface TagRecord {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
  /** When the upstream last confirmed it. */
  readonly checkedAt: Date;
}

/** Records kept in memory; about 300 bytes each. */
const maxRecordsInMemory = 50_000;

type Fields = Readonly<Record<string, unknown>>;

export class RepositoryIndex {
  readonly #layout: StoreLayout;
  readonly #onUnreadable: (error: unknown) => void;
  readonly #recent = new LRUCache<string, Fields>({ max: maxRecordsInMemory });

  /** Told of a record that the disk does not give, `onUnreadable` may throw; else it reads as none. */
  constructor(layout: StoreLayout, onUnreadable = rethrow) {
    this.#layout = layout;
    this.#onUnreadable = onUnreadable;
  }

  async blob(key: RepositoryKey, digest: Digest): Promise<BlobRecord | undefined> {
    const fields = await this.#read(this.#layout.blobLink(key, digest));
    return isSize(fields?.['sizeBytes']) ? { sizeBytes: fields['sizeBytes'] } : undefined;
  }

  async putBlob(key: RepositoryKey, digest: Digest, record: BlobRecord): Promise<void> {
    await this.#write(this.#layout.blobLink(key, digest), { ...record });
  }

  async removeBlob(key: RepositoryKey, digest: Digest): Promise<void> {
    await this.#remove(this.#layout.blobLink(key, digest));
  }

  async manifest(key: RepositoryKey, digest: Digest): Promise<ManifestRecord | undefined> {
    const { mediaType, sizeBytes } =
      (await this.#read(this.#layout.manifestLink(key, digest))) ?? {};
    return typeof mediaType === 'string' && isSize(sizeBytes)
      ? { mediaType, sizeBytes }
      : undefined;
  }

  async putManifest(key: RepositoryKey, digest: Digest, record: ManifestRecord): Promise<void> {
    await this.#write(this.#layout.manifestLink(key, digest), { ...record });
  }

  async removeManifest(key: RepositoryKey, digest: Digest): Promise<void> {
    await this.#remove(this.#layout.manifestLink(key, digest));
  }

  async tag(key: RepositoryKey, tag: Tag): Promise<TagRecord | undefined> {
    const fields = (await this.#read(this.#layout.tag(key, tag))) ?? {};
    const { digest: digestText, mediaType, sizeBytes, checkedAt } = fields;
    const digest = typeof digestText === 'string' ? tryDigest(digestText) : undefined;
    const checked = typeof checkedAt === 'string' ? new Date(checkedAt) : undefined;
    if (digest === undefined || typeof mediaType !== 'string' || !isSize(sizeBytes))
      return undefined;
    if (checked === undefined || Number.isNaN(checked.getTime())) return undefined;
    return { digest, mediaType, sizeBytes, checkedAt: checked };
  }

  async putTag(key: RepositoryKey, tag: Tag, record: TagRecord): Promise<void> {
    const fields = { ...record, checkedAt: record.checkedAt.toISOString() };
    await this.#write(this.#layout.tag(key, tag), fields);
  }

  async removeTag(key: RepositoryKey, tag: Tag): Promise<void> {
    await this.#remove(this.#layout.tag(key, tag));
  }

  /** Forgets what is in memory: the files were changed by somebody else. */
  forget(): void {
    this.#recent.clear();
  }

  /** A damaged record reads as none: the upstream is then asked again. */
  async #read(path: string): Promise<Fields | undefined> {
    const known = this.#recent.get(path);
    if (known !== undefined) return known;
    const bytes = await this.#readFile(path);
    const fields = bytes === undefined ? undefined : tryFields(bytes.toString('utf8'));
    // A record that was written while this one was read is the newer.
    const newer = this.#recent.get(path);
    if (newer !== undefined) return newer;
    if (fields !== undefined) this.#recent.set(path, fields);
    return fields;
  }

  async #readFile(path: string): Promise<Buffer | undefined> {
    try {
      return await readFileIfPresent(path);
    } catch (error) {
      this.#onUnreadable(error);
      return undefined;
    }
  }

  async #write(path: string, fields: Fields): Promise<void> {
    this.#recent.set(path, fields);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFileAtomically(path, JSON.stringify(fields));
  }

  async #remove(path: string): Promise<void> {
    this.#recent.delete(path);
    await removeFile(path);
  }
}

function rethrow(error: unknown): void {
  throw error;
}

function tryFields(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Fields) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
