/**
 * OCI image layouts made on the spot (image-spec, image-layout.md). The same arguments give the
 * same digests, so a test chooses what is new to a cache by the marker or seed it passes.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, rename, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { digestFromHash, digestOf, type Digest } from '../../../lib/oci/digest.ts';
import { ociIndex, ociManifest } from '../../../lib/oci/media-types.ts';
import { busyboxTar, markerTar, randomTar } from './layer-content.ts';
import { TemporaryDirectory } from './temporary-directory.ts';

/** Something in the layout that another document points at (image-spec, descriptor.md). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

export interface StoredImage {
  /** Its name in the layout: `oci:LAYOUT:TAG`. */
  readonly tag: string;
  /** Of the manifest, or of the index where it is multi-architecture. */
  readonly digest: Digest;
  /** Of its config and layers. */
  readonly blobs: readonly Digest[];
}

export interface StoredIndex extends StoredImage {
  /** The manifests below the index, by architecture. */
  readonly images: Readonly<Record<Architecture, StoredImage>>;
}

export type Architecture = 'amd64' | 'arm64';

interface Layer extends Descriptor {
  /** Digest of the layer as a plain tar. */
  readonly diffId: Digest;
}

interface ManifestParts {
  readonly architecture: Architecture;
  readonly layers: readonly Layer[];
}

const layerType = 'application/vnd.oci.image.layer.v1.tar';

export class ImageLayout {
  readonly #directory: TemporaryDirectory;
  readonly #entries: (Descriptor & { readonly annotations: Readonly<Record<string, string>> })[] =
    [];

  private constructor(directory: TemporaryDirectory) {
    this.#directory = directory;
  }

  static async create(): Promise<ImageLayout> {
    const directory = await TemporaryDirectory.create('layout');
    await mkdir(directory.join('blobs', 'sha256'), { recursive: true });
    await writeFile(directory.join('oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    return new ImageLayout(directory);
  }

  get path(): string {
    return this.#directory.path;
  }

  /** A runnable image of about 2 MiB: busybox, its usual names, and `marker` at `markerPath`. */
  async addBusybox(tag: string, marker: string): Promise<StoredImage> {
    const layer = await this.#gzipLayer(await busyboxTar(marker));
    return await this.#addImage(tag, { architecture: 'amd64', layers: [layer] });
  }

  /** An image of `layers` random layers, each of `layerSizeBytes` and determined by `seed`. */
  async addRandom(
    tag: string,
    options: { readonly seed: string; readonly layers: number; readonly layerSizeBytes: number },
  ): Promise<StoredImage> {
    const layers: Layer[] = [];
    for (let index = 0; index < options.layers; index += 1) {
      layers.push(
        await this.#plainLayer(randomTar(`${options.seed}/${index}`, options.layerSizeBytes)),
      );
    }
    return await this.#addImage(tag, { architecture: 'amd64', layers });
  }

  /** An index of a runnable amd64 image and an arm64 one, whose marker is `MARKER ARCHITECTURE`. */
  async addMultiArchitecture(tag: string, marker: string): Promise<StoredIndex> {
    const amd64 = await this.#image({
      architecture: 'amd64',
      layers: [await this.#gzipLayer(await busyboxTar(`${marker} amd64`))],
    });
    const arm64 = await this.#image({
      architecture: 'arm64',
      layers: [await this.#gzipLayer(markerTar(`${marker} arm64`))],
    });
    const index = await this.#json(ociIndex, {
      schemaVersion: 2,
      mediaType: ociIndex,
      manifests: [
        { ...amd64.manifest, platform: { architecture: 'amd64', os: 'linux' } },
        { ...arm64.manifest, platform: { architecture: 'arm64', os: 'linux' } },
      ],
    });
    await this.#name(tag, index);
    const stored = ({ manifest, blobs }: typeof amd64): StoredImage => ({
      tag,
      digest: manifest.digest,
      blobs,
    });
    const images = { amd64: stored(amd64), arm64: stored(arm64) };
    return { tag, digest: index.digest, blobs: [...amd64.blobs, ...arm64.blobs], images };
  }

  async close(): Promise<void> {
    await this.#directory.close();
  }

  async #addImage(tag: string, parts: ManifestParts): Promise<StoredImage> {
    const { manifest, blobs } = await this.#image(parts);
    await this.#name(tag, manifest);
    return { tag, digest: manifest.digest, blobs };
  }

  async #image({ architecture, layers }: ManifestParts) {
    const config = await this.#json('application/vnd.oci.image.config.v1+json', {
      architecture,
      os: 'linux',
      config: { Env: ['PATH=/bin'], Cmd: ['sh'] },
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    });
    const manifest = await this.#json(ociManifest, {
      schemaVersion: 2,
      mediaType: ociManifest,
      config,
      layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
    });
    return { manifest, blobs: [config.digest, ...layers.map(({ digest }) => digest)] };
  }

  async #gzipLayer(tar: Buffer): Promise<Layer> {
    const stored = await this.#blob(`${layerType}+gzip`, gzipSync(tar, { level: 1 }));
    return { ...stored, diffId: digestOf(tar) };
  }

  /** Written and hashed piece by piece: a layer may be larger than memory. */
  async #plainLayer(tar: Iterable<Buffer>): Promise<Layer> {
    const hash = createHash('sha256');
    const pending = this.#directory.join('pending');
    await using file = await open(pending, 'w');
    let size = 0;
    for (const bytes of tar) {
      hash.update(bytes);
      await file.write(bytes);
      size += bytes.length;
    }
    const digest = digestFromHash(hash, 'sha256');
    await rename(pending, this.#blobPath(digest));
    return { mediaType: layerType, digest, size, diffId: digest };
  }

  async #json(mediaType: string, document: object): Promise<Descriptor> {
    return await this.#blob(mediaType, Buffer.from(JSON.stringify(document)));
  }

  async #blob(mediaType: string, bytes: Buffer): Promise<Descriptor> {
    const digest = digestOf(bytes);
    await writeFile(this.#blobPath(digest), bytes);
    return { mediaType, digest, size: bytes.length };
  }

  async #name(tag: string, descriptor: Descriptor): Promise<void> {
    const annotations = { 'org.opencontainers.image.ref.name': tag };
    this.#entries.push({ ...descriptor, annotations });
    const index = { schemaVersion: 2, mediaType: ociIndex, manifests: this.#entries };
    await writeFile(this.#directory.join('index.json'), JSON.stringify(index));
  }

  #blobPath(digest: Digest): string {
    return this.#directory.join('blobs', ...digest.split(':'));
  }
}
