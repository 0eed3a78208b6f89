import { Agent } from 'node:https';
import { expect } from 'chai';
import { EdgeBench } from '../../support/edge/edge-bench.ts';
import { FakeBackend, serviceHost } from '../../support/edge/fake-backend.ts';
import { ask, type Answer, type Question } from '../../support/edge/https-client.ts';
import { WireClient } from '../../support/edge/wire-client.ts';

describe('the headers of a service', () => {
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

  it('is told by the edge who the client is, and never by the client', async () => {
    await call('/', {
      headers: {
        'x-forwarded-for': '192.0.2.1',
        'x-forwarded-host': 'evil.test',
        'x-forwarded-port': '1',
        'x-forwarded-proto': 'http',
        'x-real-ip': '192.0.2.1',
        forwarded: 'for=192.0.2.1',
        'proxy-authorization': 'Basic c2VjcmV0',
        te: 'trailers',
        authorization: 'AWS4-HMAC-SHA256 x',
      },
    });
    const { headers } = backend.requests[0]!;
    expect(headers).to.include({
      host: `${serviceHost}:${bench.port}`,
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': `${serviceHost}:${bench.port}`,
      'x-forwarded-port': String(bench.port),
      'x-forwarded-proto': 'https',
      authorization: 'AWS4-HMAC-SHA256 x',
    });
    expect(headers).to.not.have.any.keys('x-real-ip', 'forwarded', 'proxy-authorization', 'te');
  });

  it('is told so also where the client calls these headers its own (RFC 9110 §7.6.1)', async () => {
    const client = await wire();
    client.send(
      `GET / HTTP/1.1\r\nHost: ${serviceHost}:1\r\nConnection: close, X-Forwarded-For, X-Own\r\n` +
        'X-Own: 1\r\nX_Forwarded_For: 192.0.2.1\r\nUpgrade: h2c\r\nKeep-Alive: timeout=1\r\n\r\n',
    );
    await client.closed();
    const { headers } = backend.requests[0]!;
    expect(headers).to.include({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-port': String(bench.port),
    });
    expect(headers).to.not.have.any.keys('x-own', 'upgrade', 'keep-alive');
    expect(headers.connection).to.match(/^(close|keep-alive)$/);
  });

  it('answers with the headers of the backend, save those of its own connection', async () => {
    backend.handler = (_request, response) => {
      response.writeHead(201, 'Very Special', {
        'x-amz-id': '1',
        'set-cookie': ['a=1', 'b=2'],
        'keep-alive': 'timeout=1',
        'proxy-authenticate': 'Basic',
        connection: 'x-own',
        'x-own': '1',
      });
      response.end('ok');
    };
    const agent = new Agent({ keepAlive: true });
    const answer = await call('/', { agent });
    agent.destroy();
    expect(answer.status).to.equal(201);
    expect(answer.headers).to.deep.include({ 'x-amz-id': '1', 'set-cookie': ['a=1', 'b=2'] });
    expect(answer.headers.connection).to.equal('keep-alive');
    expect(answer.headers).to.not.have.any.keys('proxy-authenticate', 'x-own');
  });
});
