import { expect } from 'chai';
import { EdgeBench } from '../../support/edge/edge-bench.ts';
import type { WorkerHandler } from '../../support/edge/fake-worker.ts';
import { begin } from '../../support/edge/https-client.ts';
import { universalHost } from '../../support/edge/test-settings.ts';
import { WireClient } from '../../support/edge/wire-client.ts';
import { poll } from '../../support/lab/polling.ts';

const blob = `/v2/acme/app/blobs/sha256:${'a'.repeat(64)}`;
const get = `GET ${blob} HTTP/1.1\r\nHost: ${universalHost}\r\n\r\n`;
const piece = Buffer.alloc(64 * 1024);
const soon = { deadlineMs: 1_000, what: "end of the worker's work" };

describe('a client', () => {
  let bench: EdgeBench;
  /** Bytes that the worker could hand over. */
  let handedOver: number;

  /** Sends for ever, as fast as it is let. */
  const endless: WorkerHandler = (_request, response) => {
    response.writeHead(200, { 'content-length': 2 ** 40 });
    const more = (): void => {
      do handedOver += piece.length;
      while (response.write(piece));
    };
    response.on('drain', more);
    more();
  };
  const worksLeft = (): number =>
    bench.worker.requests.filter(({ complete }) => complete === undefined).length;
  const workEnded = (): Promise<true> => poll(() => worksLeft() === 0 || undefined, soon);

  beforeEach(async () => {
    handedOver = 0;
    bench = await EdgeBench.start();
  });
  afterEach(() => bench.close());

  it('that leaves in the middle of a body ends the work for it', async () => {
    bench.worker.handler = endless;
    for (const leave of ['reset', 'close'] as const) {
      const client = await WireClient.tls({ port: bench.port });
      await client.send(get).until(/ 200 OK/);
      client[leave]();
      await workEnded();
    }
    expect(bench.worker.requests.map(({ complete }) => complete)).to.deep.equal([false, false]);
  });

  it('that leaves before the answer ends the work for it', async () => {
    bench.worker.handler = () => undefined;
    const client = await WireClient.tls({ port: bench.port });
    client.send(get);
    await poll(() => worksLeft() === 1 || undefined, { ...soon, what: 'request' });
    client.reset();
    await workEnded();
  });

  it('that reads nothing stops the worker, and costs the edge next to no memory', async () => {
    bench.worker.handler = endless;
    const body = await begin({ port: bench.port, path: blob });
    body.pause();
    let before = -1;
    await poll(
      () => {
        const isStill = handedOver === before;
        before = handedOver;
        return isStill || undefined;
      },
      { deadlineMs: 5_000, what: 'back-pressure' },
    );
    expect(handedOver).to.be.below(32 * 1024 * 1024);
    body.destroy();
    await workEnded();
  });

  it('that reads again gets the rest', async () => {
    const sizeBytes = 24 * 1024 * 1024;
    bench.worker.handler = (_request, response) => {
      response.writeHead(200, { 'content-length': sizeBytes });
      response.end(Buffer.alloc(sizeBytes));
    };
    const body = await begin({ port: bench.port, path: blob });
    let received = 0;
    for await (const chunk of body) {
      received += (chunk as Buffer).length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(received).to.equal(sizeBytes);
    expect(body.complete).to.equal(true);
  });

  it('that sends many requests at once is answered one by one', async () => {
    const waiting: (() => void)[] = [];
    bench.worker.handler = (request, response) => {
      waiting.push(() => response.end(request.url?.slice(-1)));
    };
    const client = await WireClient.tls({ port: bench.port });
    for (const tag of ['1', '2', '3']) {
      client.send(`GET /v2/a/b/manifests/${tag} HTTP/1.1\r\nHost: ${universalHost}\r\n\r\n`);
    }
    for (let served = 0; served < 3; served += 1) {
      await poll(() => waiting.length > served || undefined, soon);
      expect(waiting).to.have.length(served + 1);
      waiting[served]?.();
    }
    await client.until(/\r\n\r\n1HTTP[^]*\r\n\r\n2HTTP[^]*\r\n\r\n3$/);
    client.close();
  });

  it('that sends many requests and leaves is served none of the rest', async () => {
    bench.worker.handler = endless;
    const client = await WireClient.tls({ port: bench.port });
    client.send(get.repeat(50));
    await client.until(/ 200 OK/);
    client.reset();
    await workEnded();
    expect(bench.worker.requests).to.have.length(1);
  });

  it('that sends another request behind one that is refused for good is not served it', async () => {
    const client = await WireClient.tls({ port: bench.port });
    client.send(`GET /v2/%00 HTTP/1.1\r\nHost: ${universalHost}\r\n\r\n${get}`);
    expect((await client.closed(1_000)).match(/HTTP\/1\.1 \d+/g)).to.deep.equal(['HTTP/1.1 400']);
    expect(bench.worker.requests).to.have.length(0);
  });

  it('that sends garbage in the middle of its answer gets a cut, not an answer in the answer', async () => {
    bench.worker.handler = (_request, response) => {
      response.writeHead(200, { 'content-length': 500 }).write('begun');
    };
    const client = await WireClient.tls({ port: bench.port });
    await client.send(get).until(/begun/);
    client.send('garbage\r\n\r\n');
    expect(await client.closed(1_000)).to.match(/begun$/);
    await workEnded();
  });

  it('that keeps its side open after a refusal holds no connection', async () => {
    for (const client of [
      await WireClient.tcp({ port: bench.httpPort, staysOpen: true }),
      await WireClient.tls({ port: bench.port, staysOpen: true }),
    ]) {
      await client.send('garbage\r\n\r\n').until(/^HTTP\/1\.1 400 /);
      // A side that is closed answers more bytes by a reset; one that is half open takes them.
      await poll(() => client.send('x').error && true, { ...soon, what: 'reset' });
    }
  });

  it('that sends garbage after its answer gets an answer to that, and the end', async () => {
    const client = await WireClient.tls({ port: bench.port });
    await client.send(`GET /v2/ HTTP/1.1\r\nHost: ${universalHost}\r\n\r\n`).until(/\{\}$/);
    expect(await client.send('garbage\r\n\r\n').closed(1_000)).to.match(/\{\}HTTP\/1\.1 400 /);
  });

  it('that sends garbage with a request that is refused gets no second answer', async () => {
    const client = await WireClient.tls({ port: bench.port });
    client.send(`GET /v2/%00 HTTP/1.1\r\nHost: ${universalHost}\r\n\r\ngarbage\r\n\r\n`);
    const answers = (await client.closed(1_000)).match(/HTTP\/1\.1 \d+/g) ?? [];
    expect(answers).to.have.length.below(2);
    for (const answer of answers) expect(answer).to.equal('HTTP/1.1 400');
  });
});
