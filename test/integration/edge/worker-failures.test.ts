import { expect } from 'chai';
import { EdgeBench } from '../../support/edge/edge-bench.ts';
import { answerWith, type WorkerHandler } from '../../support/edge/fake-worker.ts';
import { ask, ociCode, type Answer, type Question } from '../../support/edge/https-client.ts';
import { WireClient } from '../../support/edge/wire-client.ts';
import { universalHost } from '../../support/edge/test-settings.ts';

const blob = `/v2/acme/app/blobs/sha256:${'a'.repeat(64)}`;

/** Ends the connection as a process does that is killed. */
const dies: WorkerHandler = (request) => request.socket.destroy();

describe('a worker that fails', () => {
  let bench: EdgeBench;

  const pull = (rest: Partial<Question> = {}): Promise<Answer> =>
    ask({ port: bench.port, path: blob, ...rest });
  beforeEach(async () => {
    bench = await EdgeBench.start();
  });
  afterEach(() => bench.close());

  it('before it answers, and comes back, is no matter to the client', async () => {
    let deaths = 0;
    bench.worker.handler = (request, response) => {
      deaths += 1;
      if (deaths === 1) dies(request, response);
      else answerWith('whole')(request, response);
    };
    const answer = await pull();
    expect(answer).to.include({ status: 200, complete: true });
    expect(answer.body.toString()).to.equal('whole');
  });

  it('and is restarted meanwhile is waited for', async () => {
    await bench.worker.kill();
    const waiting = Promise.all([pull(), pull(), pull({ method: 'HEAD' })]);
    setTimeout(() => void bench.worker.start(), 20);
    for (const { status } of await waiting) expect(status).to.equal(200);
  });

  it('for good is answered 503 within a few seconds, and says when to come again', async () => {
    await bench.worker.kill();
    const begunAt = Date.now();
    const answer = await pull();
    expect(Date.now() - begunAt).to.be.below(5_000);
    expect([answer.status, ociCode(answer)]).to.deep.equal([503, 'UNAVAILABLE']);
    expect(Number(answer.headers['retry-after'])).to.be.above(0);
    expect((await ask({ port: bench.port, path: '/v2/' })).status).to.equal(200);
  });

  it('because of the request is not killed by it again and again', async () => {
    bench.worker.handler = dies;
    const answer = await pull();
    expect([answer.status, ociCode(answer)]).to.deep.equal([503, 'UNAVAILABLE']);
    expect(bench.worker.requests.length).to.be.within(2, 3);
  });

  for (const [what, headers] of [
    ['of known length', { 'content-length': '10' }],
    ['of unknown length', {}],
  ] as const) {
    it(`in the middle of a body ${what} ends in a cut, never in a clean end`, async () => {
      bench.worker.handler = (_request, response) => {
        response.writeHead(200, headers).write('half');
      };
      const client = await WireClient.tls({ port: bench.port });
      client.send(`GET ${blob} HTTP/1.1\r\nHost: ${universalHost}\r\n\r\n`);
      await client.until(/half/);
      await bench.worker.kill();
      const received = await client.closed(1_000);
      expect(received).to.match(/half(\r\n)?$/);
      expect(bench.log.entries.at(-1)?.fields).to.include({ status: 200, complete: false });
    });
  }

  describe('in the middle of a body that it named', () => {
    const [whole, middle] = [Buffer.from('the first half, the other half'), 16];
    const headers = { 'content-length': String(whole.length), etag: '"sha256:a"' };
    let sent: Buffer[];

    /** The first answer breaks off in the middle; `sent` are the answers of its heirs. */
    const breaksOff: WorkerHandler = (request, response) => {
      const body = sent[bench.worker.requests.length - 2];
      if (body === undefined) {
        response.writeHead(200, { ...headers, 'mirrorgate-worker-run': 'first' });
        response.write(whole.subarray(0, middle));
        setTimeout(() => dies(request, response), 5);
      } else {
        answerWith(body, headers)(request, response);
      }
    };
    beforeEach(() => (bench.worker.handler = breaksOff));

    it('has an heir that goes on, and the client does not notice', async () => {
      sent = [whole];
      const answer = await pull();
      expect(answer).to.include({ status: 200, complete: true });
      expect(answer.body.equals(whole)).to.equal(true);
      const rest = bench.worker.requests.at(-1)?.headers;
      expect(rest?.['mirrorgate-worker-run']).to.equal('first');
    });

    it('is cut where the heir brings other bytes before the middle', async () => {
      const other = Buffer.from(whole);
      other[0] = 0;
      sent = [other];
      const answer = await pull();
      expect(answer).to.include({ status: 200, complete: false });
      expect(answer.body.toString()).to.equal(whole.toString('utf8', 0, middle));
    });

    it('is cut where the heir brings another content', async () => {
      sent = [whole];
      headers.etag = '"sha256:b"';
      bench.worker.handler = (request, response) => {
        breaksOff(request, response);
        headers.etag = '"sha256:a"';
      };
      expect(await pull()).to.include({ status: 200, complete: false });
    });

    it('is cut where the worker lives and had its reasons', async () => {
      bench.worker.handler = (request, response) => {
        if (request.headers['mirrorgate-worker-run'] === 'first') response.writeHead(409).end();
        else breaksOff(request, response);
      };
      sent = [];
      expect(await pull()).to.include({ status: 200, complete: false });
      expect(bench.worker.requests).to.have.length(2);
    });
  });

  it('to send all that it announced ends in a cut', async () => {
    bench.worker.handler = (request, response) => {
      response.writeHead(200, { 'content-length': 10 }).write('half');
      setImmediate(() => request.socket.end());
    };
    expect(await pull()).to.include({ status: 200, complete: false });
  });

  it('to speak HTTP is answered 503', async () => {
    bench.worker.handler = (request) => request.socket.end('garbage\r\n\r\n');
    const answer = await pull();
    expect([answer.status, ociCode(answer)]).to.deep.equal([503, 'UNAVAILABLE']);
  });

  it('to keep to one answer has the first one taken', async () => {
    bench.worker.handler = (request) => {
      request.socket.write('HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n');
      request.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright');
      request.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong');
    };
    const answer = await pull();
    expect(answer).to.include({ status: 200, complete: true });
    expect(answer.body.toString()).to.equal('right');
  });

  it('to send headers that HTTP allows is answered 503', async () => {
    bench.worker.handler = (request) => {
      request.socket.end('HTTP/1.1 200 OK\r\nETag: a\u0001b\r\nContent-Length: 0\r\n\r\n');
    };
    const answer = await pull();
    expect([answer.status, ociCode(answer)]).to.deep.equal([503, 'UNAVAILABLE']);
  });
});

describe('an edge without workers', () => {
  it('answers 503', async () => {
    const bench = await EdgeBench.start({ workers: 0 });
    const answer = await ask({ port: bench.port, path: blob });
    await bench.close();
    expect([answer.status, ociCode(answer)]).to.deep.equal([503, 'UNAVAILABLE']);
  });
});
