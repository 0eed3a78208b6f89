/**
 * What is served: a small image manifest and random blobs, as a tree of files that nginx and Caddy
 * serve under the paths of the registry API, and as the storage of a distribution registry.
 */
import { createHash, randomBytes } from 'node:crypto';
import { link, mkdir, open, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface Blob {
  readonly digest: string;
  readonly sizeBytes: number;
}

export interface Content {
  /** Document root with `/v2/library/bench/…`. */
  readonly tree: string;
  /** `rootdirectory` of a distribution registry. */
  readonly storage: string;
  readonly big: Blob;
  readonly small: Blob;
  /** As an image's configuration is. */
  readonly tiny: Blob;
  readonly manifestBytes: number;
}

export const repository = 'library/bench';
/** Without it in Accept, distribution 2.8 has no such manifest. */
export const manifestType = 'application/vnd.oci.image.manifest.v1+json';
export const manifestPath = `/v2/${repository}/manifests/1`;

export function blobPath({ digest }: Blob): string {
  return `/v2/${repository}/blobs/${digest}`;
}

const pieceBytes = 16 * 1024 * 1024;

export async function makeContent(root: string, bigBytes: number): Promise<Content> {
  const paths = { tree: join(root, 'tree'), storage: join(root, 'storage') };
  const big = await makeBlob(paths, bigBytes);
  const small = await makeBlob(paths, 16 * 1024 * 1024);
  const tiny = await makeBlob(paths, 8 * 1024);
  const manifest = manifestText([big, small]);
  const digest = digestOf(Buffer.from(manifest));
  await put(join(paths.tree, manifestPath), manifest);
  const image = join(paths.storage, 'docker/registry/v2/repositories', repository);
  const hex = digest.slice(7);
  await put(join(storedBlob(paths.storage, digest)), manifest);
  await put(join(image, '_manifests/revisions/sha256', hex, 'link'), digest);
  await put(join(image, '_manifests/tags/1/current/link'), digest);
  return { ...paths, big, small, tiny, manifestBytes: manifest.length };
}

async function makeBlob(
  { tree, storage }: { readonly tree: string; readonly storage: string },
  sizeBytes: number,
): Promise<Blob> {
  const folder = join(tree, 'v2', repository, 'blobs');
  await mkdir(folder, { recursive: true });
  const draft = join(folder, `draft-${sizeBytes}`);
  const hash = createHash('sha256');
  const file = await open(draft, 'w');
  for (let left = sizeBytes; left > 0; left -= pieceBytes) {
    const piece = randomBytes(Math.min(left, pieceBytes));
    hash.update(piece);
    await file.write(piece);
  }
  await file.close();
  const digest = `sha256:${hash.digest('hex')}`;
  await link(draft, join(folder, digest));
  const stored = storedBlob(storage, digest);
  await mkdir(dirname(stored), { recursive: true });
  await link(draft, stored);
  const layers = join(storage, 'docker/registry/v2/repositories', repository, '_layers/sha256');
  await put(join(layers, digest.slice(7), 'link'), digest);
  return { digest, sizeBytes };
}

/** About 2 KB, as the manifest of an image of a dozen layers is. */
function manifestText(blobs: readonly Blob[]): string {
  const mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip';
  const layers = Array.from({ length: 12 }, (_, index) => {
    const { digest, sizeBytes: size } = blobs[index % blobs.length] ?? blobs[0] ?? missing();
    return { mediaType, digest, size };
  });
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: manifestType,
    config: { ...layers[1], mediaType: 'application/vnd.oci.image.config.v1+json' },
    layers,
  });
}

function storedBlob(storage: string, digest: string): string {
  const hex = digest.slice(7);
  return join(storage, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data');
}

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function missing(): never {
  throw new TypeError('an image needs a blob');
}
