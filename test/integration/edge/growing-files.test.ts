import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { bytesFollowLine, progressLine } from '../../../lib/net/file-progress.ts';
import { workerRunHeader } from '../../../lib/net/internal-headers.ts';
import { GrowingBench } from '../../support/edge/growing-bench.ts';
import { openFilesBackTo, openFiles } from '../../support/edge/open-files.ts';
import { until } from '../../support/until.ts';

const mib = 1024 * 1024;

describe('a file that is still arriving', () => {
  let bench: GrowingBench;
  let bytes: Buffer;
  let size: number;

  beforeEach(async () => {
    bench = await GrowingBench.start();
    bytes = bench.bytes;
    size = bytes.length;
  });
  afterEach(() => bench.close());

  it('is sent as far as it has come, long before its end', async () => {
    const goOn = Promise.withResolvers<undefined>();
    bench.tell = async (response) => {
      await bench.grow(response, 0, mib);
      await goOn.promise;
      await bench.grow(response, mib, size);
      response.end();
    };
    const response = await bench.begin();
    expect(response.headers['content-length']).to.equal(String(size));
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    const taken = (): Buffer => Buffer.concat(chunks);
    await until('the first part', () => Promise.resolve(taken().length === mib));
    goOn.resolve(undefined);
    await new Promise((resolve) => response.once('end', resolve));
    expect(taken().equals(bytes)).to.equal(true);
    expect(bench.asked).to.equal(1);
  });

  it('is sent in part where a part was asked for', async () => {
    Object.assign(bench.named, { span: `7-5000006/${size}`, status: 206 });
    bench.tell = async (response) => {
      await bench.write(bytes, 0);
      for (const position of [8, 1_000_000, 5_000_007]) response.write(progressLine(position));
      response.end();
    };
    const answer = await bench.pull({ range: 'bytes=7-5000006' });
    expect(answer).to.include({ status: 206, complete: true });
    expect(answer.body.equals(bytes.subarray(7, 5_000_007))).to.equal(true);
  });

  it('goes on under its final name', async () => {
    bench.tell = async (response) => {
      await bench.grow(response, 0, mib);
      await delay(50);
      await bench.moveAway();
      await bench.grow(response, mib, size);
      response.end();
    };
    expect((await bench.pull()).body.equals(bytes)).to.equal(true);
  });

  it('is followed by bytes where the disk fails in the middle', async () => {
    bench.tell = async (response) => {
      await bench.grow(response, 0, 3 * mib);
      response.write(bytesFollowLine);
      for (let at = 3 * mib; at < size; at += mib) response.write(bytes.subarray(at, at + mib));
      response.end();
    };
    const answer = await bench.pull();
    expect(answer).to.include({ status: 200, complete: true });
    expect(answer.body.equals(bytes)).to.equal(true);
    expect(bench.asked).to.equal(1);
  });

  it('is followed by bytes alone where the disk fails at once', async () => {
    bench.tell = (response) => {
      response.end(Buffer.concat([Buffer.from(bytesFollowLine), bytes]));
      return Promise.resolve();
    };
    expect((await bench.pull()).body.equals(bytes)).to.equal(true);
  });

  it('is asked for from where it cannot be read, and the log says so', async () => {
    bench.tell = async (response) => {
      await bench.grow(response, 0, mib);
      // Of which nothing is there.
      response.write(progressLine(2 * mib));
    };
    const answer = await bench.pull();
    expect(answer).to.include({ status: 200, complete: true });
    expect(answer.body.equals(bytes)).to.equal(true);
    const ranges = bench.edge.worker.requests.map(({ headers }) => headers.range);
    expect(ranges).to.deep.equal([undefined, `bytes=${mib}-${size - 1}`]);
    expect(bench.edge.log.entries.map(({ event }) => event)).to.include('cached file breaks off');
  });

  it('is continued by the heir of a worker that died', async () => {
    bench.tell = async (response) => {
      await bench.grow(response, 0, mib);
      await delay(50);
      bench.run = 'second';
      response.destroy();
    };
    const answer = await bench.pull();
    expect(answer).to.include({ status: 200, complete: true });
    expect(answer.body.equals(bytes)).to.equal(true);
    expect(bench.edge.worker.requests.map(({ headers }) => headers[workerRunHeader])).to.deep.equal(
      [undefined, 'first'],
    );
  });

  it('is cut where what the heir brings is another content', async () => {
    bench.tell = async (response) => {
      await bench.write(Buffer.alloc(mib, 'x'), 0);
      response.write(progressLine(mib));
      await delay(50);
      response.destroy();
    };
    const answer = await bench.pull();
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
      bench.tell = async (response) => {
        await bench.grow(response, 0, mib);
        ending(response);
      };
      expect(await bench.pull()).to.include({ status: 200, complete: false });
      expect(bench.asked).to.equal(1);
    });
  }

  for (const [what, changed] of [
    ['has its final name by then', { path: `/filling/worker-1/${'1'.repeat(24)}` }],
    ['lies outside the cache', { path: '/filling/../../etc/passwd' }],
    ['has a span that is none', { span: 'all' }],
  ] as const) {
    it(`is asked for as bytes where it ${what}`, async () => {
      Object.assign(bench.named, changed);
      bench.tell = () => Promise.resolve();
      const answer = await bench.pull();
      expect(answer).to.include({ status: 200, complete: true });
      expect(answer.body.equals(bytes)).to.equal(true);
    });
  }

  it('is let go, and the worker told, when its reader leaves', async () => {
    const before = await openFiles();
    bench.tell = (response) => bench.grow(response, 0, mib);
    const response = await bench.begin();
    response.on('error', () => undefined).destroy();
    await until('the end of the work', () =>
      Promise.resolve(bench.edge.worker.requests[0]?.complete === false),
    );
    await openFilesBackTo(before);
  });
});
