import { expect } from 'chai';
import { EdgeBench } from '../../support/edge/edge-bench.ts';
import { FakeBackend, serviceHost } from '../../support/edge/fake-backend.ts';
import {
  ask,
  begin,
  ociCode,
  type Answer,
  type Question,
} from '../../support/edge/https-client.ts';
import { allowed, listOf } from '../../support/edge/test-allow-list.ts';
import { until } from '../../support/until.ts';
import { WireClient } from '../../support/edge/wire-client.ts';
import { poll } from '../../support/lab/polling.ts';

describe('a service behind an edge', () => {
  let bench: EdgeBench;
  let backend: FakeBackend;

  const call = (path: string, rest: Partial<Question> = {}): Promise<Answer> =>
    ask({ port: bench.port, path, host: serviceHost, ...rest });
  const wire = (): Promise<WireClient> =>
    WireClient.tls({ port: bench.port, serverName: serviceHost });
  beforeEach(async () => {
    backend = await FakeBackend.start();
    bench = await EdgeBench.start({ settings: { services: [backend.service] } });
  });
  afterEach(async () => {
    expect(bench.log.entries.filter(({ level }) => level === 'error')).to.deep.equal([]);
    await bench.close();
    await backend.kill();
  });

  it('gets every method, target and body as the client sent it', async () => {
    const body = 'x'.repeat(300_000);
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const hasBody = ['POST', 'PUT', 'PATCH'].includes(method);
      const answer = await call('/bucket/a%2Fb?x=%20&y', { method, ...(hasBody ? { body } : {}) });
      expect(answer).to.include({ status: 200, complete: true });
      expect(answer.body.toString()).to.equal(method === 'HEAD' ? '' : 'stored');
      // It may answer before the last byte has come.
      await until('the whole request', () => backend.requests.at(-1)?.body !== undefined);
      expect(backend.requests.at(-1)).to.include({
        method,
        target: '/bucket/a%2Fb?x=%20&y',
        body: hasBody ? body : '',
      });
    }
  });

  it('gets a body that waits for 100 Continue', async () => {
    const client = await wire();
    client.send(
      `PUT /a HTTP/1.1\r\nHost: ${serviceHost}\r\nContent-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`,
    );
    await client.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    expect(await client.send('body').closed()).to.match(/HTTP\/1\.1 200 OK/);
    expect(backend.requests[0]).to.include({ method: 'PUT', body: 'body' });
  });

  it('is not bothered with an expectation that nobody knows', async () => {
    const client = await wire();
    client.send(
      `PUT /a HTTP/1.1\r\nHost: ${serviceHost}\r\nContent-Length: 4\r\nExpect: x\r\n\r\n`,
    );
    expect(await client.closed()).to.match(/^HTTP\/1\.1 417 /);
    expect(backend.requests).to.have.length(0);
  });

  it('gets chunked bodies as one request, whatever the method', async () => {
    for (const method of ['DELETE', 'OPTIONS', 'GET', 'POST']) {
      const client = await wire();
      client.send(
        `${method} /a HTTP/1.1\r\nHost: ${serviceHost}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n` +
          '1c\r\nGET /smuggled HTTP/1.1\r\n\r\nab\r\n0\r\n\r\n',
      );
      expect(await client.closed(), method).to.match(/^HTTP\/1\.1 200 /);
    }
    expect(backend.requests.map(({ method, target }) => `${method} ${target}`)).to.deep.equal([
      'DELETE /a',
      'OPTIONS /a',
      'GET /a',
      'POST /a',
    ]);
  });

  it('takes no harm from a request with a Trailer field', async () => {
    for (const body of ['', 'Transfer-Encoding: chunked\r\n']) {
      const client = await wire();
      client.send(
        `GET / HTTP/1.1\r\nHost: ${serviceHost}\r\nTrailer: x\r\n${body}Connection: close\r\n\r\n` +
          (body === '' ? '' : '0\r\nx: y\r\n\r\n'),
      );
      expect(await client.closed()).to.match(/^HTTP\/1\.1 200 /);
    }
  });

  it('is the only one that a target in absolute form can reach', async () => {
    for (const target of ['http://192.0.2.1/x', '//192.0.2.1/x', 'https://evil.test:1/x']) {
      const client = await wire();
      client.send(`GET ${target} HTTP/1.1\r\nHost: ${serviceHost}\r\nConnection: close\r\n\r\n`);
      expect(await client.closed(), target).to.match(/^HTTP\/1\.1 [24]00 /);
    }
  });

  it('is closed to clients whose entry does not name it', async () => {
    bench.edge.setAllowList(listOf([allowed('127.0.0.1/32', { mirrors: ['hub'] })]));
    const answer = await call('/');
    expect([answer.status, ociCode(answer)]).to.deep.equal([403, 'DENIED']);
    bench.edge.setAllowList(listOf([allowed('127.0.0.1/32', { mirrors: ['s3'] })]));
    expect((await call('/')).status).to.equal(200);
    expect(backend.requests).to.have.length(1);
  });

  it('is rid of a client that leaves in the middle', async () => {
    backend.handler = (_request, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('half');
    };
    const body = await begin({ port: bench.port, path: '/', host: serviceHost });
    body.destroy();
    await poll(() => backend.requests[0]?.complete === false || undefined, {
      deadlineMs: 1_000,
      what: "end of the backend's work",
    });
  });

  it('is named in the access log', async () => {
    await call('/secret?token=x');
    expect(bench.log.entries.at(-1)?.fields).to.include({
      mirror: 's3',
      host: serviceHost,
      status: 200,
      target: '/secret',
    });
  });
});
