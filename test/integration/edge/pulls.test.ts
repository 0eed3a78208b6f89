import { createHash } from 'node:crypto';
import { Agent } from 'node:https';
import { expect } from 'chai';
import { EdgeBench } from '../../support/edge/edge-bench.ts';
import { answerWith } from '../../support/edge/fake-worker.ts';
import { ask, ociCode, type Answer, type Question } from '../../support/edge/https-client.ts';
import { ghcrHost, hubHost } from '../../support/edge/test-settings.ts';

const digest = `sha256:${'a'.repeat(64)}`;

describe('a pull through an edge', () => {
  let bench: EdgeBench;

  const pull = (path: string, rest: Partial<Question> = {}): Promise<Answer> =>
    ask({ port: bench.port, path, ...rest });
  beforeEach(async () => {
    bench = await EdgeBench.start();
  });
  afterEach(() => bench.close());

  it('reaches the worker as one request, built anew', async () => {
    await pull(`/v2/acme/app/blobs/${digest}?x=1`, {
      host: ghcrHost,
      headers: {
        authorization: 'Basic c2VjcmV0',
        cookie: 'a=b',
        range: 'bytes=1-2',
        'if-range': `"${digest}"`,
        'x-forwarded-for': '192.0.2.1',
        accept: 'application/json',
      },
    });
    const [request, ...more] = bench.worker.requests;
    expect(more).to.have.length(0);
    expect(request).to.include({ method: 'GET', target: `/ghcr/v2/acme/app/blobs/${digest}` });
    expect(request?.headers).to.deep.equal({
      host: 'worker.internal',
      connection: 'keep-alive',
      range: 'bytes=1-2',
      'if-range': `"${digest}"`,
    });
  });

  it('brings the body of the worker and what clients act on, and no more', async () => {
    bench.worker.handler = answerWith('manifest', {
      'content-type': 'application/vnd.oci.image.manifest.v1+json',
      'docker-content-digest': digest,
      etag: `"${digest}"`,
      'cache-status': 'mirrorgate; hit',
      age: '3',
      'x-secret': '1',
      'mirrorgate-upstream-requests': '2',
    });
    const answer = await pull('/v2/acme/app/manifests/1?ns=GHCR.io');
    expect(answer).to.include({ status: 200, complete: true });
    expect(answer.body.toString()).to.equal('manifest');
    expect(answer.headers).to.include({
      'content-length': '8',
      'content-type': 'application/vnd.oci.image.manifest.v1+json',
      'docker-content-digest': digest,
      'docker-distribution-api-version': 'registry/2.0',
      etag: `"${digest}"`,
      'cache-status': 'mirrorgate; hit',
      age: '3',
      'oci-namespace': 'GHCR.io',
    });
    expect(answer.headers).to.not.have.any.keys('x-secret', 'mirrorgate-upstream-requests');
    expect(bench.log.entries.at(-1)?.fields).to.include({
      client: '127.0.0.1',
      mirror: 'ghcr',
      repository: 'acme/app',
      reference: '1',
      status: 200,
      cache: 'mirrorgate; hit',
      upstreamRequests: 2,
      complete: true,
    });
  });

  it('asks HEAD by HEAD, and sends no body', async () => {
    bench.worker.handler = answerWith('manifest', { 'docker-content-digest': digest });
    const answer = await pull('/v2/acme/app/manifests/1', { method: 'HEAD' });
    expect(answer).to.include({ status: 200, complete: true });
    expect(answer.headers).to.include({ 'content-length': '8', 'docker-content-digest': digest });
    expect(answer.body).to.have.length(0);
    expect(bench.worker.requests[0]?.method).to.equal('HEAD');
  });

  it('passes ranges, conditions and refusals of the worker on', async () => {
    for (const [status, headers, body] of [
      [206, { 'content-range': 'bytes 1-2/9', 'content-length': '2' }, 'ab'],
      [304, { etag: `"${digest}"` }, ''],
      [416, { 'content-range': 'bytes */9', 'content-length': '0' }, ''],
      [429, { 'retry-after': '7', 'content-length': '2' }, '{}'],
      [503, { 'retry-after': '5', 'content-length': '2' }, '{}'],
    ] as const) {
      bench.worker.handler = (_request, response) => response.writeHead(status, headers).end(body);
      const answer = await pull(`/v2/acme/app/blobs/${digest}`);
      expect(answer).to.include({ status, complete: true });
      expect(answer.body.toString()).to.equal(body);
      expect(answer.headers).to.include(headers);
    }
    expect(bench.worker.requests).to.have.length(5);
  });

  it('brings a large body of unknown length, byte by byte the same', async () => {
    const piece = Buffer.alloc(64 * 1024, 'mirror');
    const hash = createHash('sha256');
    bench.worker.handler = (_request, response) => {
      response.writeHead(200);
      let left = 256;
      const more = (): void => {
        for (; left > 0; left -= 1) if (!response.write(piece)) return;
        response.end();
      };
      response.on('drain', () => {
        left -= 1;
        more();
      });
      more();
    };
    for (let n = 0; n < 256; n += 1) hash.update(piece);
    const answer = await pull(`/v2/acme/app/blobs/${digest}`);
    expect(answer.complete).to.equal(true);
    expect(createHash('sha256').update(answer.body).digest('hex')).to.equal(hash.digest('hex'));
  });

  it('rewrites the Link of a list to the path that the client used', async () => {
    bench.worker.handler = answerWith('{}', {
      link: '</v2/acme/app/tags/list?last=b&n=2>; rel="next"',
    });
    const answer = await pull('/v2/ghcr.io/acme/app/tags/list?n=2&ns=ghcr.io');
    expect(answer.headers['link']).to.equal(
      '</v2/ghcr.io/acme/app/tags/list?last=b&n=2&ns=ghcr.io>; rel="next"',
    );
    expect(bench.worker.requests[0]?.target).to.equal('/ghcr/v2/acme/app/tags/list?n=2');
  });

  it('is answered by the edge alone where it is a ping or no pull', async () => {
    const ping = await pull('/v2/', { host: hubHost });
    expect([ping.status, ping.body.toString()]).to.deep.equal([200, '{}']);
    for (const [path, status, code] of [
      ['/', 404, 'UNSUPPORTED'],
      ['/v1/search', 404, 'UNSUPPORTED'],
      ['/v2/_catalog', 404, 'UNSUPPORTED'],
      ['/v2/Acme/app/manifests/1', 400, 'NAME_INVALID'],
      ['/v2/a/b/manifests/1?ns=evil.test', 404, 'NAME_UNKNOWN'],
      ['/v2/a/b/manifests/1?ns=doc%E2%84%AAer.io', 404, 'NAME_UNKNOWN'],
    ] as const) {
      const answer = await pull(path);
      expect([answer.status, ociCode(answer)], path).to.deep.equal([status, code]);
    }
    expect(bench.worker.requests).to.have.length(0);
  });

  it('takes one connection for many requests', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let n = 0; n < 5; n += 1) {
      const answer = await pull('/v2/acme/app/manifests/1', { agent });
      expect(answer.headers.connection).to.equal('keep-alive');
    }
    agent.destroy();
  });

  it('never answers 401', async () => {
    for (const headers of [{}, { authorization: 'Basic Og==' }, { authorization: 'Bearer x' }]) {
      expect((await pull('/v2/', { headers })).status).to.equal(200);
    }
  });
});
