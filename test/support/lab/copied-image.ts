/** An image as skopeo's `dir:` transport leaves it: `manifest.json`, and files named after digests. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestHex, digestOf, type Digest } from '../../../lib/oci/digest.ts';
import { runCommand } from './command.ts';
import type { Architecture, Descriptor } from './image-layout.ts';
import { machine } from './place.ts';

interface Manifest {
  readonly layers?: readonly Descriptor[];
  readonly manifests?: readonly (Descriptor & {
    readonly platform: { readonly architecture: string };
  })[];
}

export class CopiedImage {
  /** Of the manifest, or of the index where it is multi-architecture. */
  readonly digest: Digest;
  /** Of its configs and layers, sorted. */
  readonly blobs: readonly Digest[];
  readonly #path: string;

  private constructor(path: string, digest: Digest, blobs: readonly Digest[]) {
    this.#path = path;
    this.digest = digest;
    this.blobs = blobs;
  }

  /** @throws TypeError where a file does not hold what its name says */
  static async read(path: string): Promise<CopiedImage> {
    const blobs: Digest[] = [];
    for (const name of await readdir(path)) {
      const [, hex, kind] = /^([a-f0-9]{64})(\.manifest\.json)?$/.exec(name) ?? [];
      if (hex === undefined) continue;
      const digest = digestOf(await readFile(join(path, name)));
      if (digest !== `sha256:${hex}`) throw new TypeError(`${join(path, name)} is ${digest}`);
      if (kind === undefined) blobs.push(digest);
    }
    const digest = digestOf(await readFile(join(path, 'manifest.json')));
    return new CopiedImage(path, digest, blobs.sort());
  }

  /** The file at `path` in the first layer of the image for `architecture`. */
  async file(path: string, architecture: Architecture = 'amd64'): Promise<string> {
    const top = await this.#manifest('manifest.json');
    const child = top.manifests?.find(({ platform }) => platform.architecture === architecture);
    const own = child ? await this.#manifest(`${digestHex(child.digest)}.manifest.json`) : top;
    const [layer] = own.layers ?? [];
    if (layer === undefined) throw new TypeError(`${this.#path} has no layer for ${architecture}`);
    const tar = ['tar', '--extract', '--to-stdout', '--gzip', '--file'];
    const archive = join(this.#path, digestHex(layer.digest));
    return (await runCommand(machine, [...tar, archive, path.replace(/^\//, '')])).stdout;
  }

  async #manifest(name: string): Promise<Manifest> {
    return JSON.parse(await readFile(join(this.#path, name), 'utf8')) as Manifest;
  }
}
