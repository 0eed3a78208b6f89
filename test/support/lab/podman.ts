/** podman(1) with storage of its own; mirrors and trust stand in the /etc of its place. */
import { parseDigest, type Digest } from '../../../lib/oci/digest.ts';
import { runCommand } from './command.ts';
import type { Place } from './place.ts';
import { TemporaryDirectory } from './temporary-directory.ts';

export class Podman {
  readonly #place: Place;
  readonly #directory: TemporaryDirectory;

  private constructor(place: Place, directory: TemporaryDirectory) {
    this.#place = place;
    this.#directory = directory;
  }

  static async start(place: Place): Promise<Podman> {
    return new Podman(place, await TemporaryDirectory.create('podman'));
  }

  /** Pulls `reference` and returns the digest that its tag stood for. */
  async pull(reference: string): Promise<Digest> {
    await this.#podman('pull', '--quiet', reference);
    const format = '{{range .RepoDigests}}{{println .}}{{end}}';
    const repoDigests = await this.#podman('image', 'inspect', '--format', format, reference);
    return parseDigest(/sha256:[a-f0-9]{64}/.exec(repoDigests)?.[0] ?? '');
  }

  /** The file at `path` in the image. */
  async read(reference: string, path: string): Promise<string> {
    const mount = (await this.#podman('image', 'mount', reference)).trim();
    const { stdout } = await runCommand(this.#place, ['cat', `${mount}${path}`]);
    await this.#podman('image', 'unmount', reference);
    return stdout;
  }

  async remove(reference: string): Promise<void> {
    await this.#podman('image', 'rm', '--force', reference);
  }

  async close(): Promise<void> {
    await this.#directory.close();
  }

  async #podman(...command: string[]): Promise<string> {
    const { stdout } = await runCommand(this.#place, [
      ...['podman', '--storage-driver', 'vfs', '--events-backend', 'none'],
      ...['--cgroup-manager', 'cgroupfs', '--runtime', 'runc'],
      ...['--root', this.#directory.join('root'), '--runroot', this.#directory.join('run')],
      ...['--tmpdir', this.#directory.join('tmp'), ...command],
    ]);
    return stdout;
  }
}
