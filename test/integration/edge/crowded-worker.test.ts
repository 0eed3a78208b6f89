import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect } from 'chai';
import { WorkerLink } from '../../../lib/edge/worker-link.ts';
import { answerWith, FakeWorker } from '../../support/edge/fake-worker.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';

/** More than what the kernel lets wait at a unix socket for Node's `listen` (511). */
const crowd = 700;

describe('a worker that a crowd comes to at once', () => {
  it('answers all of them, though not all find room to wait at its socket', async () => {
    const directory = await TemporaryDirectory.create('crowd');
    const worker = new FakeWorker(directory.join('worker.sock'), answerWith('content'));
    await worker.start();
    const link = new WorkerLink(worker.path);
    const responses = Array.from(
      { length: crowd },
      () => new ServerResponse(new IncomingMessage(new Socket())),
    );
    // In one run of this process, so that the worker, which shares it, lets nobody in meanwhile.
    await Promise.all(
      responses.map((response) =>
        link.forward({
          ...{ method: 'GET', path: '/hub/v2/', headers: {}, isShareable: false, response },
          answerHeaders: () => ({}),
          onBroken: () => undefined,
        }),
      ),
    );
    const statuses = new Set(responses.map(({ statusCode }) => statusCode));
    expect([...statuses]).to.deep.equal([200]);
    expect(worker.requests).to.have.length(crowd);
    await link.destroy();
    await worker.kill();
    await directory.close();
  });
});
