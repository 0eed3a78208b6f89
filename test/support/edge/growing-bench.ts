/** An edge whose worker names a file that is still arriving, and does with it what a test says. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, type FileHandle } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { progressLine } from '../../../lib/net/file-progress.ts';
import {
  fileHeader,
  fileSpanHeader,
  growingFileHeader,
  sendsFilesHeader,
  upstreamRequestsHeader,
  workerRunHeader,
} from '../../../lib/net/internal-headers.ts';
import { TemporaryDirectory } from '../lab/temporary-directory.ts';
import { EdgeBench } from './edge-bench.ts';
import { ask, begin, type Answer } from './https-client.ts';

const mib = 1024 * 1024;
const hex = 'ab'.repeat(32);

/** What the worker names: wrong where a test wants it so. */
export interface NamedSpan {
  path: string;
  span: string;
  status: number;
}

export class GrowingBench {
  /** Of the blob. */
  readonly bytes = randomBytes(8 * mib);
  readonly target = `/v2/acme/app/blobs/sha256:${hex}`;
  readonly path = `/filling/worker-1/${'0'.repeat(24)}`;
  readonly edge: EdgeBench;
  readonly named: NamedSpan;
  /** Which run of the worker answers. */
  run = 'first';
  /** What it does once it has named the file; unless told the file arrives and is whole. */
  tell: (response: ServerResponse) => Promise<void>;
  readonly #directory: TemporaryDirectory;
  readonly #file: FileHandle;

  private constructor(directory: TemporaryDirectory, file: FileHandle, edge: EdgeBench) {
    const size = this.bytes.length;
    this.#directory = directory;
    this.#file = file;
    this.edge = edge;
    this.named = { path: this.path, span: `0-${size - 1}/${size}`, status: 200 };
    this.tell = async (response) => {
      for (let at = 0; at < size; at += 2 * mib) await this.grow(response, at, at + 2 * mib);
      response.end();
    };
  }

  static async start(): Promise<GrowingBench> {
    const directory = await TemporaryDirectory.create('growing');
    const file = directory.join(`/filling/worker-1/${'0'.repeat(24)}`);
    await mkdir(dirname(file), { recursive: true });
    const edge = await EdgeBench.start({ settings: { cacheDirectory: directory.path } });
    const bench = new GrowingBench(directory, await open(file, 'w'), edge);
    edge.worker.handler = (request, response) => bench.#answer(request, response);
    return bench;
  }

  /** How often the worker was asked. */
  get asked(): number {
    return this.edge.worker.requests.length;
  }

  pull(headers: Record<string, string> = {}): Promise<Answer> {
    return ask({ port: this.edge.port, path: this.target, headers });
  }

  /** Resolves with the head of the answer. */
  begin(): Promise<IncomingMessage> {
    return begin({ port: this.edge.port, path: this.target });
  }

  /** Puts bytes where the edge may read them. */
  async write(bytes: Buffer, position: number): Promise<void> {
    await this.#file.write(bytes, 0, bytes.length, position);
  }

  /** Puts those of the blob there, and says so. */
  async grow(response: ServerResponse, from: number, to: number): Promise<void> {
    await this.write(this.bytes.subarray(from, to), from);
    response.write(progressLine(to));
  }

  /** As a commit does. */
  async moveAway(): Promise<void> {
    await rename(this.#directory.join(this.path), this.#directory.join('elsewhere'));
  }

  async close(): Promise<void> {
    await this.#file.close();
    await this.edge.close();
    await this.#directory.close();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const common = {
      'cache-status': 'mirrorgate; fwd=miss; stored',
      etag: `"sha256:${hex}"`,
      [upstreamRequestsHeader]: '1',
      [workerRunHeader]: this.run,
    };
    const [, first, last] = /^bytes=([0-9]+)-([0-9]+)$/.exec(request.headers.range ?? '') ?? [];
    if (request.headers[sendsFilesHeader] === undefined && first !== undefined) {
      const body = this.bytes.subarray(Number(first), Number(last) + 1);
      const range = `bytes ${first}-${last}/${this.bytes.length}`;
      const head = { ...common, 'content-length': body.length, 'content-range': range };
      response.writeHead(206, head).end(body);
      return;
    }
    if (request.headers[sendsFilesHeader] === undefined) {
      response.writeHead(200, { ...common, 'content-length': this.bytes.length }).end(this.bytes);
      return;
    }
    const { path, span, status } = this.named;
    response.writeHead(status, {
      ...common,
      ...{ [fileHeader]: path, [fileSpanHeader]: span, [growingFileHeader]: '1' },
    });
    response.flushHeaders();
    void this.tell(response);
  }
}
