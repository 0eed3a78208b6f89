/** skopeo(1): puts images into registries, and copies them out as a client of a mirror. */
import { mkdir, readFile } from 'node:fs/promises';
import { parseDigest, type Digest } from '../../../lib/oci/digest.ts';
import { runCommand } from './command.ts';
import { CopiedImage } from './copied-image.ts';
import type { ImageLayout, StoredImage } from './image-layout.ts';
import type { Place } from './place.ts';
import { TemporaryDirectory } from './temporary-directory.ts';

export interface PushOptions {
  readonly place: Place;
  readonly layout: ImageLayout;
  readonly image: StoredImage;
  /** `host:port/repository:tag`, at a registry that speaks plain http. */
  readonly to: string;
  /** Rewritten as Docker's own manifest (schema 2) where asked, which changes its digest. */
  readonly format?: 'oci' | 'v2s2';
  readonly credentials?: { readonly username: string; readonly password: string };
}

/** Puts an image into a registry and returns the digest that it has there. */
export async function pushImage(options: PushOptions): Promise<Digest> {
  const { place, layout, image, to, format = 'oci', credentials } = options;
  const digestFile = `${layout.path}/${image.digest.replace(':', '-')}.pushed`;
  const shape = format === 'oci' ? ['--preserve-digests'] : ['--format', format];
  const login =
    credentials === undefined
      ? []
      : ['--dest-creds', `${credentials.username}:${credentials.password}`];
  await runCommand(place, [
    ...['skopeo', '--insecure-policy', 'copy', '--quiet', '--all', ...shape, ...login],
    ...['--dest-tls-verify=false', '--digestfile', digestFile],
    `oci:${layout.path}:${image.tag}`,
    `docker://${to}`,
  ]);
  return parseDigest((await readFile(digestFile, 'utf8')).trim());
}

/** skopeo as a client. What it trusts and which mirrors it uses stands in the /etc of its place. */
export class Skopeo {
  readonly #place: Place;
  readonly #directory: TemporaryDirectory;
  #copies = 0;

  private constructor(place: Place, directory: TemporaryDirectory) {
    this.#place = place;
    this.#directory = directory;
  }

  static async start(place: Place): Promise<Skopeo> {
    return new Skopeo(place, await TemporaryDirectory.create('skopeo'));
  }

  /** Copies `reference` with all its architectures into an empty directory. */
  async copy(reference: string): Promise<CopiedImage> {
    this.#copies += 1;
    const path = this.#directory.join(String(this.#copies));
    await mkdir(path);
    await runCommand(this.#place, [
      ...['skopeo', '--insecure-policy', 'copy', '--quiet', '--all', '--preserve-digests'],
      ...[`docker://${reference}`, `dir:${path}`],
    ]);
    return await CopiedImage.read(path);
  }

  async close(): Promise<void> {
    await this.#directory.close();
  }
}
