import { randomBytes } from 'node:crypto';
import { mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { Agent } from 'node:https';
import { dirname } from 'node:path';
import { expect } from 'chai';
import { noOrders } from '../../../lib/budget/usage.ts';
import {
  fileHeader,
  fileSpanHeader,
  sendsFilesHeader,
  suspectHeader,
} from '../../../lib/net/internal-headers.ts';
import { digestHex, digestOf } from '../../../lib/oci/digest.ts';
import { EdgeBench } from '../../support/edge/edge-bench.ts';
import type { WorkerHandler } from '../../support/edge/fake-worker.ts';
import { ask, begin, readToEnd, type Answer } from '../../support/edge/https-client.ts';
import { openFiles, openFilesBackTo } from '../../support/edge/open-files.ts';
import { poll } from '../../support/lab/polling.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';

const hex = 'ab'.repeat(32);
const path = `/blobs/sha256/ab/${hex}`;
const target = `/v2/acme/app/blobs/sha256:${hex}`;
const bytes = randomBytes(24 * 1024 * 1024);
const size = bytes.length;

describe('a file that a worker names', () => {
  let bench: EdgeBench;
  let directory: TemporaryDirectory;
  let file: string;

  /** As a worker that has the blob: by name to an edge that sends files, else by its bytes. */
  const worker = (named: { path?: string; span?: string; status?: number } = {}): WorkerHandler => {
    return (request, response) => {
      const common = { 'cache-status': 'mirrorgate; hit', etag: `"sha256:${hex}"` };
      if (request.headers[sendsFilesHeader] === undefined) {
        response.writeHead(200, { ...common, 'content-length': 4 }).end('body');
        return;
      }
      const { status = 200, span = `0-${size - 1}/${size}` } = named;
      const headers = { [fileHeader]: named.path ?? path, [fileSpanHeader]: span };
      response.writeHead(status, { ...common, ...headers, 'content-length': 0 }).end();
    };
  };
  const pull = (headers: Record<string, string> = {}): Promise<Answer> =>
    ask({ port: bench.port, path: target, headers });

  beforeEach(async () => {
    directory = await TemporaryDirectory.create('sent');
    file = directory.join(path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
    bench = await EdgeBench.start({ settings: { cacheDirectory: directory.path } });
    bench.worker.handler = worker();
  });
  afterEach(async () => {
    await bench.close();
    await directory.close();
  });

  it('is sent whole, with what the worker says of it and nothing of how', async () => {
    const answer = await pull();
    expect(answer).to.include({ status: 200, complete: true });
    expect(answer.body.equals(bytes)).to.equal(true);
    expect(answer.headers).to.include({
      'content-length': String(size),
      'cache-status': 'mirrorgate; hit',
      etag: `"sha256:${hex}"`,
    });
    expect(Object.keys(answer.headers).join()).to.not.match(/accel|mirrorgate/);
    const access = await poll(() => bench.log.entries.find(({ event }) => event === 'access'), {
      deadlineMs: 5_000,
      what: 'line in the access log',
    });
    expect(access.fields).to.include({ status: 200, complete: true, cache: 'mirrorgate; hit' });
    expect(access.fields['bytes']).to.be.above(size);
  });

  it('is sent in part where a part was asked for', async () => {
    bench.worker.handler = worker({ status: 206, span: `7-5000006/${size}` });
    const answer = await pull({ range: 'bytes=7-5000006' });
    expect(answer).to.include({ status: 206, complete: true });
    expect(answer.headers['content-length']).to.equal('5000000');
    expect(answer.body.equals(bytes.subarray(7, 5_000_007))).to.equal(true);
  });

  it('is sent no faster than the client may be served', async () => {
    const clientBytesPerSecond = size / 2;
    bench.edge.setOrders({ ...noOrders, clientBytesPerSecond });
    const begunAt = performance.now();
    expect((await pull()).body.equals(bytes)).to.equal(true);
    // What is saved up is sent at once, and the last piece is not waited for.
    expect(performance.now() - begunAt).to.be.above(1_400);
  });

  it('goes on to its reader when it is removed meanwhile', async () => {
    const response = await begin({ port: bench.port, path: target });
    await rm(file);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).equals(bytes)).to.equal(true);
  });

  describe('and becomes shorter meanwhile', () => {
    /** What the worker sends when it is asked for the part that the file no longer has. */
    let answerRest: (range: string, response: ServerResponse) => void;
    const part = (range: string): Buffer => {
      const [first = NaN, last = NaN] = range.split('-').map(Number);
      return bytes.subarray(first, last + 1);
    };
    const sendRest = (
      response: ServerResponse,
      { body, ...changes }: { body: Buffer; range: string; etag?: string },
    ): void => {
      const { range, etag = `"sha256:${hex}"` } = changes;
      response.writeHead(206, {
        ...{ etag, 'content-length': body.length, 'content-range': `bytes ${range}/${size}` },
      });
      response.end(body);
    };
    const pullTruncated = async (): Promise<Answer> => {
      const response = await begin({ port: bench.port, path: target });
      await truncate(file, size / 2);
      return await readToEnd(response);
    };

    beforeEach(() => {
      const named = worker();
      answerRest = (range, response) => sendRest(response, { body: part(range), range });
      bench.worker.handler = (request, response) => {
        const range = /^bytes=(.*)$/.exec(request.headers.range ?? '')?.[1];
        if (range === undefined) named(request, response);
        else answerRest(range, response);
      };
    });

    it('is gone on with by what the worker has, without the client noticing', async () => {
      const answer = await pullTruncated();
      expect(answer).to.include({ status: 200, complete: true });
      expect(answer.body.equals(bytes)).to.equal(true);
      const [, rest, ...more] = bench.worker.requests;
      expect(more).to.deep.equal([]);
      expect(rest?.headers['if-range']).to.equal(`"sha256:${hex}"`);
      expect(rest?.headers[sendsFilesHeader]).to.equal(undefined);
    });

    it('is gone on with on the same terms: without an upstream, where the budget says so', async () => {
      bench.edge.setOrders({ ...noOrders, mode: 'hits-only' });
      expect(await pullTruncated()).to.include({ status: 200, complete: true });
      const terms = bench.worker.requests.map(({ headers }) => headers['cache-control']);
      expect(terms).to.deep.equal(['only-if-cached', 'only-if-cached']);
    });

    it('is gone on with as far as the client wanted it', async () => {
      const wanted = `7-${size - 100}`;
      const named = worker({ status: 206, span: `${wanted}/${size}` });
      const answers = bench.worker.handler;
      bench.worker.handler = (request, response) => {
        if (request.headers['if-range'] === undefined) named(request, response);
        else answers(request, response);
      };
      const question = { port: bench.port, path: target, headers: { range: `bytes=${wanted}` } };
      const response = await begin(question);
      await truncate(file, size / 2);
      const answer = await readToEnd(response);
      expect(answer).to.include({ status: 206, complete: true });
      expect(answer.body.equals(bytes.subarray(7, size - 99))).to.equal(true);
      expect(bench.log.entries.map(({ event }) => event)).to.include('cached file breaks off');
    });

    it('is gone on with by the heir of a worker that dies of it', async () => {
      let deaths = 0;
      const answerWell = answerRest;
      answerRest = (range, response) => {
        deaths += 1;
        if (deaths === 1) {
          const body = part(range);
          response.writeHead(206, {
            etag: `"sha256:${hex}"`,
            'content-length': body.length,
            'content-range': `bytes ${range}/${size}`,
          });
          response.write(body.subarray(0, 1000), () => response.destroy());
        } else answerWell(range, response);
      };
      const answer = await pullTruncated();
      expect(answer.complete && answer.body.equals(bytes)).to.equal(true);
    });

    for (const [what, wrong] of [
      ['another content', { etag: '"sha256:other"' }],
      ['another part', { range: `0-99` }],
      ['nothing of it', undefined],
    ] as const) {
      it(`is cut where the worker sends ${what}`, async () => {
        answerRest = (range, response) => {
          if (wrong === undefined) response.writeHead(502).end();
          else sendRest(response, { body: part(range), range, ...wrong });
        };
        const answer = await pullTruncated();
        expect(answer).to.include({ status: 200, complete: false });
        expect(answer.body.equals(bytes.subarray(0, answer.body.length))).to.equal(true);
      });
    }
  });

  for (const [what, named] of [
    ['that is gone', { path: `/blobs/sha256/cd/${'cd'.repeat(32)}` }],
    ['that is of another length', { span: `0-9/10` }],
    ['outside the cache', { path: '/../../etc/passwd' }],
    ['with a span that is none', { span: 'all' }],
  ] as const) {
    it(`${what} is fetched from the worker as bytes`, async () => {
      bench.worker.handler = worker(named);
      const answer = await pull();
      expect(answer).to.include({ status: 200, complete: true });
      expect(answer.body.toString()).to.equal('body');
    });
  }

  it('is not what a client can ask for', async () => {
    await bench.configure({ cacheDirectory: undefined });
    const answer = await pull({ [sendsFilesHeader]: '1', [fileHeader]: path });
    expect(answer.body.toString()).to.equal('body');
    const [request] = bench.worker.requests.slice(-1);
    expect(request?.headers).to.not.have.any.keys(sendsFilesHeader, fileHeader);
  });

  it('is closed again, whether its client stays or leaves', async () => {
    await pull();
    const before = await openFiles();
    for (let count = 0; count < 10; count += 1) {
      const response = await begin({ port: bench.port, path: target });
      response.once('error', () => undefined);
      response.destroy();
    }
    await openFilesBackTo(before);
  });

  describe('and is small', () => {
    const little = randomBytes(40_000);
    const littleHex = digestHex(digestOf(little));
    const littlePath = `/blobs/sha256/${littleHex.slice(0, 2)}/${littleHex}`;
    beforeEach(async () => {
      await mkdir(dirname(directory.join(littlePath)), { recursive: true });
      await writeFile(directory.join(littlePath), little);
    });
    const name = (span: string, status = 200): void => {
      bench.worker.handler = worker({ path: littlePath, span, status });
    };

    it('is read once, and the worker asked each time', async () => {
      name('0-39999/40000');
      expect((await pull()).body.equals(little)).to.equal(true);
      await rm(directory.join(littlePath));
      const answer = await pull();
      expect(answer).to.include({ status: 200, complete: true });
      expect(answer.headers['content-length']).to.equal('40000');
      expect(answer.body.equals(little)).to.equal(true);
      expect(bench.worker.requests).to.have.length(2);
    });

    it('is fetched from the worker, which is told, where it is not what its name says', async () => {
      await writeFile(directory.join(littlePath), randomBytes(40_000));
      name('0-39999/40000');
      expect((await pull()).body.toString()).to.equal('body');
      const suspicions = bench.worker.requests.map(({ headers }) => headers[suspectHeader]);
      expect(suspicions).to.deep.equal([undefined, '1']);
    });

    it('is sent in part where a part was asked for', async () => {
      name('7-30000/40000', 206);
      const answer = await pull({ range: 'bytes=7-30000' });
      expect(answer).to.include({ status: 206, complete: true });
      expect(answer.body.equals(little.subarray(7, 30_001))).to.equal(true);
    });

    it('is sent no faster than the client may be served', async () => {
      name('0-39999/40000');
      bench.edge.setOrders({ ...noOrders, clientBytesPerSecond: 100_000 });
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const begunAt = performance.now();
      for (let turn = 0; turn < 5; turn += 1) {
        const answer = await ask({ port: bench.port, path: target, agent });
        expect(answer.body.equals(little)).to.equal(true);
      }
      agent.destroy();
      // What is saved up is sent at once, and the last one is not waited for.
      expect(performance.now() - begunAt).to.be.above(800);
    });
  });
});
