import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { bytesFollowLine } from '../../../lib/net/file-progress.ts';
import { GrowingBench } from '../../support/edge/growing-bench.ts';
import { readToEnd, type Answer } from '../../support/edge/https-client.ts';
import { openFiles, openFilesBackTo } from '../../support/edge/open-files.ts';
import { until } from '../../support/until.ts';

const mib = 1024 * 1024;
const crowd = 20;

describe('clients who ask for the same cold blob at the same time', () => {
  let bench: GrowingBench;
  let bytes: Buffer;
  /** Whether the worker may tell of the rest. */
  let goOn: PromiseWithResolvers<undefined>;

  beforeEach(async () => {
    bench = await GrowingBench.start();
    bytes = bench.bytes;
    goOn = Promise.withResolvers();
    bench.tell = async (response) => {
      await bench.grow(response, 0, mib);
      await goOn.promise;
      await bench.grow(response, mib, bytes.length);
      response.end();
    };
  });
  afterEach(() => bench.close());

  const crowdPulls = (headers?: Record<string, string>): Promise<Answer>[] =>
    Array.from({ length: crowd }, () => bench.pull(headers));
  /** Resolves when its answer has begun. */
  const begun = async (): Promise<IncomingMessage> => {
    const response = await bench.begin();
    response.on('error', () => undefined);
    return response;
  };
  const crowdBegun = (): Promise<IncomingMessage[]> =>
    Promise.all(Array.from({ length: crowd }, begun));
  const expectWhole = (answers: readonly Answer[]): void => {
    for (const answer of answers) {
      expect(answer).to.include({ status: 200, complete: true });
      expect(answer.body.equals(bytes)).to.equal(true);
    }
  };
  const left = (count: number): Promise<void> =>
    until(`${count} clients`, () => Promise.resolve(bench.edge.edge.connections === count));

  it('cost one exchange with the worker, and each is told what it got', async () => {
    const begunOnes = await crowdBegun();
    goOn.resolve(undefined);
    const answers = await Promise.all(begunOnes.map(readToEnd));
    expectWhole(answers);
    expect(bench.asked).to.equal(1);
    const statuses = answers.map(({ headers }) => headers['cache-status']);
    expect(statuses.filter((text) => text === 'mirrorgate; fwd=miss; stored')).to.have.length(1);
    expect(statuses.filter((text) => text === 'mirrorgate; fwd=miss; collapsed')).to.have.length(
      crowd - 1,
    );
  });

  it('notice nothing of the first one leaving', async () => {
    const first = await begun();
    const others = await crowdBegun();
    first.destroy();
    await left(crowd);
    goOn.resolve(undefined);
    expectWhole(await Promise.all(others.map(readToEnd)));
    expect(bench.asked).to.equal(1);
  });

  it('end the exchange when the last of them has left', async () => {
    const before = await openFiles();
    const [first, second] = [await begun(), await begun()];
    first.destroy();
    await left(1);
    expect(bench.edge.worker.requests.map(({ complete }) => complete)).to.deep.equal([undefined]);
    second.destroy();
    await until('the end of the work', () =>
      Promise.resolve(bench.edge.worker.requests[0]?.complete === false),
    );
    await openFilesBackTo(before);
    // Who comes after that is not told of what was ended.
    goOn.resolve(undefined);
    expectWhole([await bench.pull()]);
    expect(bench.asked).to.equal(2);
  });

  it('all get the rest as bytes where the disk fails, at the pace of the slowest', async () => {
    bench.tell = async (response) => {
      await bench.grow(response, 0, 3 * mib);
      await goOn.promise;
      response.write(bytesFollowLine);
      for (let at = 3 * mib; at < bytes.length; at += mib) {
        response.write(bytes.subarray(at, at + mib));
      }
      response.end();
    };
    const slow = await begun();
    const others = await crowdBegun();
    goOn.resolve(undefined);
    const answers = Promise.all(others.map(readToEnd));
    await delay(100);
    expectWhole([await readToEnd(slow), ...(await answers)]);
    expect(bench.asked).to.equal(1);
  });

  it('each go on with the heir where the worker dies', async () => {
    bench.tell = async (response) => {
      await bench.grow(response, 0, mib);
      await goOn.promise;
      bench.run = 'second';
      response.destroy();
    };
    const begunOnes = await crowdBegun();
    goOn.resolve(undefined);
    expectWhole(await Promise.all(begunOnes.map(readToEnd)));
    expect(bench.asked).to.equal(1 + crowd);
  });

  it('are all cut where the worker tells nonsense', async () => {
    bench.tell = async (response) => {
      await bench.grow(response, 0, mib);
      await goOn.promise;
      response.end('99999999999\n');
    };
    const begunOnes = await crowdBegun();
    goOn.resolve(undefined);
    for (const answer of await Promise.all(begunOnes.map(readToEnd))) {
      expect(answer).to.include({ status: 200, complete: false });
    }
  });

  it('share nothing of what is asked for in parts', async () => {
    Object.assign(bench.named, { span: `0-99/${bytes.length}`, status: 206 });
    bench.tell = async (response) => {
      await bench.grow(response, 0, 100);
      response.end();
    };
    const answers = await Promise.all(crowdPulls({ range: 'bytes=0-99' }));
    for (const { body } of answers) expect(body.equals(bytes.subarray(0, 100))).to.equal(true);
    expect(bench.asked).to.equal(crowd);
  });

  for (const [what, status] of [
    ['an answer that names no file', 200],
    ['a refusal', 404],
  ] as const) {
    it(`ask for themselves where one gets ${what}`, async () => {
      const letGo = Promise.withResolvers<undefined>();
      bench.edge.worker.handler = (_request, response) => {
        const wait = bench.asked === 1 ? letGo.promise : Promise.resolve();
        void wait.then(() => response.writeHead(status, { 'content-length': 2 }).end('{}'));
      };
      const pulls = crowdPulls();
      await left(crowd);
      letGo.resolve(undefined);
      for (const { body, ...answer } of await Promise.all(pulls)) {
        expect(answer).to.include({ status, complete: true });
        expect(body.toString()).to.equal('{}');
      }
      expect(bench.asked).to.equal(crowd);
    });
  }

  it('wait together for a worker that is not there', async () => {
    await bench.edge.worker.kill();
    const all = crowdBegun();
    await left(crowd);
    await bench.edge.worker.start();
    const begunOnes = await all;
    goOn.resolve(undefined);
    expectWhole(await Promise.all(begunOnes.map(readToEnd)));
    expect(bench.asked).to.equal(1);
  });
});
