/** buildah(1) with storage of its own; mirrors and trust stand in the /etc of its place. */
import { parseDigest, type Digest } from '../../../lib/oci/digest.ts';
import { runCommand } from './command.ts';
import type { Place } from './place.ts';
import { TemporaryDirectory } from './temporary-directory.ts';

export class Buildah {
  readonly #place: Place;
  readonly #directory: TemporaryDirectory;

  private constructor(place: Place, directory: TemporaryDirectory) {
    this.#place = place;
    this.#directory = directory;
  }

  static async start(place: Place): Promise<Buildah> {
    return new Buildah(place, await TemporaryDirectory.create('buildah'));
  }

  /** Pulls `reference` and returns the digest that its tag stood for. */
  async pull(reference: string): Promise<Digest> {
    await this.#buildah('pull', '--quiet', '--policy', 'always', reference);
    const listed = await this.#buildah('images', '--digests', '--format', '{{.Digest}}', reference);
    return parseDigest(/sha256:[a-f0-9]{64}/.exec(listed)?.[0] ?? '');
  }

  /** Standard output of `command` in a new working container of the image. */
  async run(reference: string, ...command: string[]): Promise<string> {
    const container = (await this.#buildah('from', '--pull-never', reference)).trim();
    const output = await this.#buildah('run', '--isolation', 'chroot', container, ...command);
    await this.#buildah('rm', container);
    return output;
  }

  async remove(reference: string): Promise<void> {
    await this.#buildah('rmi', '--force', reference);
  }

  async close(): Promise<void> {
    await this.#directory.close();
  }

  async #buildah(...command: string[]): Promise<string> {
    const { stdout } = await runCommand(this.#place, [
      ...['buildah', '--storage-driver', 'vfs', '--root', this.#directory.join('root')],
      ...['--runroot', this.#directory.join('run'), ...command],
    ]);
    return stdout;
  }
}
