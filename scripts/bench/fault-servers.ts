/** Ours and Debian's docker-registry as pull-through caches of the same fake upstream. */
import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import type { Digest } from '../../lib/oci/digest.ts';
import { hubHost, Stage } from '../../test/support/app/stage.ts';
import { DebianRegistry } from '../../test/support/lab/debian-registry.ts';
import { TemporaryDirectory } from '../../test/support/lab/temporary-directory.ts';
import {
  FakeRegistry,
  type FakeRegistryOptions,
} from '../../test/support/upstream/fake-registry.ts';

export interface Answer {
  /** 0 where there was none. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly isComplete: boolean;
  readonly sha256: string;
  readonly firstByteMs: number;
}

export interface CacheServer {
  readonly upstream: FakeRegistry;
  /** From 127.0.0.1 unless told. */
  readonly get: (path: string, localAddress?: string) => Promise<Answer>;
  /** The file that holds a digest's content. */
  readonly contentFile: (digest: Digest) => Promise<string>;
  /** Bytes of everything in its storage. */
  storedBytes(): Promise<number>;
  /** Ends it as kill -9 does, and starts it again. */
  killAndRestart(): Promise<void>;
  close(): Promise<void>;
}

export interface ServerOptions {
  readonly upstream?: FakeRegistryOptions;
  /** Where content is kept; a fresh folder unless told. */
  readonly storage?: string;
}

export async function startOurs({ upstream = {}, storage }: ServerOptions): Promise<CacheServer> {
  const directory = await TemporaryDirectory.create('faults');
  const folder = storage ?? directory.join('cache');
  const cache = { directory: folder, minFree: '1MB' };
  const stage = await Stage.start({ settings: { cache } }, upstream);
  // So that a tag is past it soon, as in the case that needs one.
  await stage.gate.configure({ mirrors: [stage.mirror({ tags: { ttl: '1s' } })] });
  await stage.gate.reload();
  const target = { host: '127.0.0.1', ca: stage.ca, servername: hubHost, agent: false as const };
  return {
    upstream: stage.registry,
    get: (path, localAddress = '127.0.0.1') =>
      answerTo((onAnswer) =>
        httpsRequest(
          { ...target, localAddress, port: stage.gate.httpsPort, path, headers: { host: hubHost } },
          onAnswer,
        ),
      ),
    contentFile: (digest) => fileOf(folder, digest),
    storedBytes: () => bytesIn(folder),
    async killAndRestart() {
      await stage.gate.kill();
      await stage.gate.resume();
    },
    async close() {
      await stage.close();
      await directory.close();
    },
  };
}

export async function startDistribution(options: ServerOptions): Promise<CacheServer> {
  const upstream = await FakeRegistry.start(options.upstream);
  const directory = await TemporaryDirectory.create('faults');
  const storage = options.storage ?? directory.join('storage');
  const proxy = { remoteUrl: upstream.url };
  const registry = await DebianRegistry.start({ proxy, storage });
  return {
    upstream,
    get: (path, localAddress = '127.0.0.1') =>
      answerTo((onAnswer) =>
        httpRequest(`${registry.url}${path}`, { agent: false, localAddress }, onAnswer),
      ),
    contentFile: (digest) => fileOf(storage, digest),
    storedBytes: () => bytesIn(storage),
    async killAndRestart() {
      await registry.kill();
      await registry.resume();
    },
    async close() {
      await registry.close();
      await upstream.close();
      await directory.close();
    },
  };
}

type Asking = (onAnswer: (response: IncomingMessage) => void) => ReturnType<typeof httpRequest>;

/** Never rejects: no answer is a finding too. */
async function answerTo(asking: Asking): Promise<Answer> {
  const begunAt = performance.now();
  const hash = createHash('sha256');
  const none = { status: 0, headers: {}, isComplete: false, sha256: '', firstByteMs: Infinity };
  return await new Promise((resolve) => {
    const request = asking((response) => {
      let firstByteMs = Infinity;
      response.on('data', (chunk: Buffer) => {
        firstByteMs = Math.min(firstByteMs, performance.now() - begunAt);
        hash.update(chunk);
      });
      response.on('error', () => undefined);
      response.on('close', () => {
        const { statusCode: status = 0, headers, complete: isComplete } = response;
        resolve({ status, headers, isComplete, sha256: hash.digest('hex'), firstByteMs });
      });
    });
    request.setTimeout(60_000, () => request.destroy());
    request.on('error', () => resolve(none)).end();
  });
}

async function fileOf(folder: string, digest: Digest): Promise<string> {
  const hex = digest.slice(digest.indexOf(':') + 1);
  for (let attempt = 0; attempt < 200; attempt += 1) {
    for (const path of await filesIn(folder)) {
      const isContent = path.includes('/blobs/') && path.includes(hex);
      if (isContent && (await stat(path)).size > 100) return path;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${digest} was not kept below ${folder}`);
}

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for (const path of await filesIn(folder)) {
    bytes += (await stat(path).catch(() => undefined))?.size ?? 0;
  }
  return bytes;
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}
