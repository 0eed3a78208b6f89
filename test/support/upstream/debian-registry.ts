/** A real registry for tests: Debian's docker-registry, on a port and in a folder of its own. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { digestOf, type Digest } from '../../../lib/oci/digest.ts';
import { ociManifest } from '../../../lib/oci/media-types.ts';

/** Why it cannot run here, or undefined. */
export function whyNoDebianRegistry(): string | undefined {
  const { error } = spawnSync('docker-registry', ['--version']);
  return error === undefined ? undefined : 'docker-registry is not installed (apt-get install it)';
}

export class DebianRegistry {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  /** Serves what lies under `folder`; `auth` is the section of its configuration, as JSON. */
  static async start(folder: string, auth?: object): Promise<DebianRegistry> {
    const file = join(folder, `registry-${Date.now()}-${Math.random()}.yml`);
    const storage = join(folder, 'storage');
    await mkdir(storage, { recursive: true });
    await writeFile(
      file,
      JSON.stringify({
        version: '0.1',
        storage: { filesystem: { rootdirectory: storage } },
        http: { addr: '127.0.0.1:0' },
        ...(auth === undefined ? {} : { auth }),
      }),
    );
    const child = spawn('docker-registry', ['serve', file], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const lines: string[] = [];
    let address: string | undefined;
    for await (const line of createInterface({ input: child.stderr })) {
      lines.push(line);
      address = /listening on (127\.0\.0\.1:[0-9]+)/.exec(line)?.[1];
      if (address !== undefined) break;
    }
    if (address === undefined) {
      throw new Error(`docker-registry did not start:\n${lines.join('\n')}`);
    }
    // Its log must go on flowing, or the pipe fills and it stands still.
    child.stderr.resume();
    return new DebianRegistry(child, `http://${address}`);
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGTERM');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 2_000);
    await closed;
    clearTimeout(late);
  }
}

/** A folder for its storage and configuration; the caller removes it. */
export async function registryFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'mirrorgate-registry-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Pushes an image of one layer as `repository:tag`, without credentials. */
export async function pushImage(
  url: string,
  { repository, tag, layer }: { repository: string; tag: string; layer: Buffer },
): Promise<{ readonly manifest: Digest; readonly layer: Digest }> {
  const config = Buffer.from('{"architecture":"amd64","os":"linux"}');
  for (const bytes of [layer, config]) {
    const begun = await fetch(`${url}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
    const target = new URL(begun.headers.get('location') ?? '', url);
    target.searchParams.set('digest', digestOf(bytes));
    await expectCreated(await fetch(target, { method: 'PUT', body: new Uint8Array(bytes) }));
  }
  const descriptor = (bytes: Buffer, mediaType: string): object => ({
    mediaType: `application/vnd.oci.image.${mediaType}`,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: ociManifest,
    config: descriptor(config, 'config.v1+json'),
    layers: [descriptor(layer, 'layer.v1.tar')],
  });
  await expectCreated(
    await fetch(`${url}/v2/${repository}/manifests/${tag}`, {
      method: 'PUT',
      headers: { 'content-type': ociManifest },
      body: manifest,
    }),
  );
  return { manifest: digestOf(Buffer.from(manifest)), layer: digestOf(layer) };
}

async function expectCreated(response: Response): Promise<void> {
  if (response.status === 201) return;
  throw new Error(`the push was answered ${response.status}: ${await response.text()}`);
}
