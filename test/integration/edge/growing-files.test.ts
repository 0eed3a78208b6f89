import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { bytesFollowLine, progressLine } from '../../../lib/net/file-progress.ts';
import {
  fileHeader,
  fileSpanHeader,
  growingFileHeader,
  sendsFilesHeader,
  workerRunHeader,
} from '../../../lib/net/internal-headers.ts';
import { EdgeBench } from '../../support/edge/edge-bench.ts';
import { ask, begin, type Answer } from '../../support/edge/https-client.ts';
import { openFilesBackTo, openFiles } from '../../support/edge/open-files.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { until } from '../../support/until.ts';

const mib = 1024 * 1024;
const hex = 'ab'.repeat(32);
const path = `/filling/worker-1/${'0'.repeat(24)}`;
const target = `/v2/acme/app/blobs/sha256:${hex}`;
const bytes = randomBytes(8 * mib);
const size = bytes.length;

describe('a file that is still arriving', () => {
  let bench: EdgeBench;
  let directory: TemporaryDirectory;
  let file: FileHandle;
  /** What the worker does once it has named the file. */
  let tell: (response: ServerResponse) => Promise<void>;
  let named: { path: string; span: string; status: number };
  let run: string;

  const common = (): Record<string, string> => ({
    'cache-status': 'mirrorgate; fwd=miss',
    etag: `"sha256:${hex}"`,
    [workerRunHeader]: run,
  });
  const whole = (response: ServerResponse): void => {
    response.writeHead(200, { ...common(), 'content-length': size }).end(bytes);
  };
  const worker = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.headers[sendsFilesHeader] === undefined) {
      whole(response);
      return;
    }
    const { span } = named;
    response.writeHead(named.status, {
      ...common(),
      ...{ [fileHeader]: named.path, [fileSpanHeader]: span, [growingFileHeader]: '1' },
    });
    response.flushHeaders();
    void tell(response);
  };
  /** Puts bytes where the edge may read them, and says so. */
  const grow = async (response: ServerResponse, from: number, to: number): Promise<void> => {
    await file.write(bytes, from, to - from, from);
    response.write(progressLine(to));
  };
  const pull = (headers: Record<string, string> = {}): Promise<Answer> =>
    ask({ port: bench.port, path: target, headers });

  beforeEach(async () => {
    directory = await TemporaryDirectory.create('growing');
    await mkdir(dirname(directory.join(path)), { recursive: true });
    file = await open(directory.join(path), 'w');
    run = 'first';
    named = { path, span: `0-${size - 1}/${size}`, status: 200 };
    bench = await EdgeBench.start({ settings: { cacheDirectory: directory.path } });
    bench.worker.handler = worker;
    tell = async (response) => {
      for (let at = 0; at < size; at += 2 * mib) await grow(response, at, at + 2 * mib);
      response.end();
    };
  });
  afterEach(async () => {
    await file.close();
    await bench.close();
    await directory.close();
  });

  it('is sent as far as it has come, long before its end', async () => {
    const goOn = Promise.withResolvers<undefined>();
    tell = async (response) => {
      await grow(response, 0, mib);
      await goOn.promise;
      await grow(response, mib, size);
      response.end();
    };
    const response = await begin({ port: bench.port, path: target });
    expect(response.headers['content-length']).to.equal(String(size));
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    const taken = (): Buffer => Buffer.concat(chunks);
    await until('the first part', () => Promise.resolve(taken().length === mib));
    goOn.resolve(undefined);
    await new Promise((resolve) => response.once('end', resolve));
    expect(taken().equals(bytes)).to.equal(true);
    expect(bench.worker.requests).to.have.length(1);
  });

  it('is sent in part where a part was asked for', async () => {
    named = { path, span: `7-5000006/${size}`, status: 206 };
    tell = async (response) => {
      await file.write(bytes);
      for (const position of [8, 1_000_000, 5_000_007]) response.write(progressLine(position));
      response.end();
    };
    const answer = await pull({ range: 'bytes=7-5000006' });
    expect(answer).to.include({ status: 206, complete: true });
    expect(answer.body.equals(bytes.subarray(7, 5_000_007))).to.equal(true);
  });

  it('goes on under its final name', async () => {
    tell = async (response) => {
      await grow(response, 0, mib);
      await delay(50);
      await rename(directory.join(path), directory.join('elsewhere'));
      await grow(response, mib, size);
      response.end();
    };
    expect((await pull()).body.equals(bytes)).to.equal(true);
  });

  it('is followed by bytes where the disk fails in the middle', async () => {
    tell = async (response) => {
      await grow(response, 0, 3 * mib);
      response.write(bytesFollowLine);
      for (let at = 3 * mib; at < size; at += mib) response.write(bytes.subarray(at, at + mib));
      response.end();
    };
    const answer = await pull();
    expect(answer).to.include({ status: 200, complete: true });
    expect(answer.body.equals(bytes)).to.equal(true);
    expect(bench.worker.requests).to.have.length(1);
  });

  it('is followed by bytes alone where the disk fails at once', async () => {
    tell = (response) => {
      response.end(Buffer.concat([Buffer.from(bytesFollowLine), bytes]));
      return Promise.resolve();
    };
    expect((await pull()).body.equals(bytes)).to.equal(true);
  });

  it('is continued by the heir of a worker that died', async () => {
    tell = async (response) => {
      await grow(response, 0, mib);
      await delay(50);
      run = 'second';
      response.destroy();
    };
    const answer = await pull();
    expect(answer).to.include({ status: 200, complete: true });
    expect(answer.body.equals(bytes)).to.equal(true);
    expect(bench.worker.requests.map(({ headers }) => headers[workerRunHeader])).to.deep.equal([
      undefined,
      'first',
    ]);
  });

  it('is cut where what the heir brings is another content', async () => {
    tell = async (response) => {
      await file.write(Buffer.alloc(mib, 'x'), 0, mib, 0);
      response.write(progressLine(mib));
      await delay(50);
      response.destroy();
    };
    const answer = await pull();
    expect(answer).to.include({ status: 200, complete: false });
    expect(answer.body.equals(Buffer.alloc(mib, 'x'))).to.equal(true);
  });

  for (const [what, ending] of [
    ['ends before the file does', (response: ServerResponse) => response.end()],
    ['tells nonsense', (response: ServerResponse) => response.end('99999999999\n')],
    [
      'sends fewer bytes than are missing',
      (response: ServerResponse) => response.end(`${bytesFollowLine}few`),
    ],
  ] as const) {
    it(`is cut where the worker ${what}`, async () => {
      tell = async (response) => {
        await grow(response, 0, mib);
        ending(response);
      };
      expect(await pull()).to.include({ status: 200, complete: false });
      expect(bench.worker.requests).to.have.length(1);
    });
  }

  for (const [what, changed] of [
    ['has its final name by then', { path: `${path.slice(0, -1)}1` }],
    ['lies outside the cache', { path: '/filling/../../etc/passwd' }],
    ['has a span that is none', { span: 'all' }],
  ] as const) {
    it(`is asked for as bytes where it ${what}`, async () => {
      named = { ...named, ...changed };
      tell = () => Promise.resolve();
      const answer = await pull();
      expect(answer).to.include({ status: 200, complete: true });
      expect(answer.body.equals(bytes)).to.equal(true);
    });
  }

  it('is let go, and the worker told, when its reader leaves', async () => {
    const before = await openFiles();
    tell = (response) => grow(response, 0, mib);
    const response = await begin({ port: bench.port, path: target });
    response.on('error', () => undefined).destroy();
    await until('the end of the work', () =>
      Promise.resolve(bench.worker.requests[0]?.complete === false),
    );
    await openFilesBackTo(before);
  });
});
