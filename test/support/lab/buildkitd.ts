/** A buildkitd of the lab's own, spoken to through buildctl: what `docker buildx create` starts. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDigest, type Digest } from '../../../lib/oci/digest.ts';
import { runCommand } from './command.ts';
import { Daemon } from './daemon.ts';
import { requireGoProgram } from './go-program.ts';
import type { Place } from './place.ts';
import { TemporaryDirectory } from './temporary-directory.ts';

const version = 'v0.13.2';

/** Skips where the two are not built. */
export async function requireBuildkit(context: Mocha.Context): Promise<BuildkitPrograms> {
  const program = (name: string): Promise<string> =>
    requireGoProgram(context, {
      name,
      project: 'buildkit',
      package: `github.com/moby/buildkit/cmd/${name}`,
      version,
      builtBy: 'npm run soak:clients',
    });
  return { buildkitd: await program('buildkitd'), buildctl: await program('buildctl') };
}

export interface BuildkitPrograms {
  readonly buildkitd: string;
  readonly buildctl: string;
}

export class Buildkitd {
  readonly #programs: BuildkitPrograms;
  readonly #place: Place;
  readonly #directory: TemporaryDirectory;
  readonly #daemon: Daemon;
  #builds = 0;

  private constructor(
    programs: BuildkitPrograms,
    place: Place,
    { directory, configurationFile }: BuildkitFiles,
  ) {
    this.#programs = programs;
    this.#place = place;
    this.#directory = directory;
    this.#daemon = new Daemon({
      name: 'buildkitd',
      place,
      command: [
        ...[programs.buildkitd, '--config', configurationFile],
        ...[
          '--addr',
          `unix://${directory.join('buildkitd.sock')}`,
          '--root',
          directory.join('root'),
        ],
        ...['--containerd-worker=false', '--oci-worker=true', '--oci-worker-net', 'host'],
        ...['--oci-worker-snapshotter', 'native'],
      ],
    });
  }

  /** `configurationFile` is a buildkitd.toml(5) as the place sees it. */
  static async start(
    programs: BuildkitPrograms,
    place: Place,
    configurationFile: string,
  ): Promise<Buildkitd> {
    const directory = await TemporaryDirectory.create('buildkitd');
    const buildkitd = new Buildkitd(programs, place, { directory, configurationFile });
    try {
      await buildkitd.#daemon.waitFor('answer on its socket', async () => {
        return await buildkitd.#buildctl('debug', 'workers').catch(() => undefined);
      });
      return buildkitd;
    } catch (error) {
      await buildkitd.close();
      throw error;
    }
  }

  /** Builds from the image alone, and returns the digest that its tag stood for. */
  async pull(reference: string): Promise<Digest> {
    this.#builds += 1;
    const context = this.#directory.join(`build-${this.#builds}`);
    await mkdir(context);
    await writeFile(join(context, 'Dockerfile'), `FROM ${reference}\n`);
    const { stderr } = await this.#buildctl(
      ...['build', '--progress=plain', '--no-cache', '--frontend', 'dockerfile.v0'],
      ...['--local', `context=${context}`, '--local', `dockerfile=${context}`],
      ...['--output', `type=oci,dest=${join(context, 'image.tar')}`],
    );
    const [, digest = ''] = /FROM \S+@(sha256:[a-f0-9]{64})/.exec(stderr) ?? [];
    return parseDigest(digest);
  }

  async close(): Promise<void> {
    await this.#daemon.stop();
    await this.#directory.close();
  }

  async #buildctl(...command: string[]) {
    const address = `unix://${this.#directory.join('buildkitd.sock')}`;
    return await runCommand(this.#place, [this.#programs.buildctl, '--addr', address, ...command]);
  }
}

interface BuildkitFiles {
  readonly directory: TemporaryDirectory;
  readonly configurationFile: string;
}
