import { expect } from 'chai';
import { EdgeBench } from '../../support/edge/edge-bench.ts';
import { ask, ociCode, type Answer, type Question } from '../../support/edge/https-client.ts';
import { anyPort, ghcrHost, testMirror, universalHost } from '../../support/edge/test-settings.ts';
import { WireClient } from '../../support/edge/wire-client.ts';

describe('plain http', () => {
  let bench: EdgeBench;

  const fetch = (path: string, rest: Partial<Question> = {}): Promise<Answer> =>
    ask({ port: bench.httpPort, path, isPlain: true, ...rest });
  beforeEach(async () => {
    bench = await EdgeBench.start();
  });
  afterEach(async () => {
    expect(bench.worker.requests).to.have.length(0);
    await bench.close();
  });

  it('redirects to https of the same host, path and query, with its port', async () => {
    const answer = await fetch('/v2/acme/app/tags/list?n=5&last=a', { host: ghcrHost });
    expect(answer.status).to.equal(308);
    expect(answer.headers.location).to.equal(
      `https://${ghcrHost}:${bench.port}/v2/acme/app/tags/list?n=5&last=a`,
    );
  });

  it('redirects to the port that all share, never to one of a single mirror', async () => {
    await bench.configure({
      https: [{ endpoint: anyPort('127.0.0.2'), mirror: 'ghcr' }, ...bench.settings.https],
    });
    const shared = bench.edge.addresses.find(
      ({ secure, mirror }) => secure && mirror === undefined,
    );
    expect((await fetch('/v2/')).headers.location).to.equal(
      `https://${universalHost}:${shared?.port ?? ''}/v2/`,
    );
  });

  it('answers HEAD without a body', async () => {
    const answer = await fetch('/v2/', { method: 'HEAD' });
    expect(answer.status).to.equal(308);
    expect(answer.body).to.have.length(0);
  });

  it('refuses a host that nobody has, and writes none into a redirect', async () => {
    const answer = await fetch('/v2/', { host: 'evil.test' });
    expect([answer.status, ociCode(answer)]).to.deep.equal([421, 'NAME_UNKNOWN']);
    expect(answer.headers).to.not.have.property('location');
  });

  it('redirects an address as it does a name', async () => {
    const location = (await fetch('/v2/', { host: '127.0.0.1' })).headers.location;
    expect(location).to.equal(`https://127.0.0.1:${bench.port}/v2/`);
  });

  it('follows a reload', async () => {
    await bench.configure({ mirrors: [testMirror('hub')] });
    expect((await fetch('/v2/', { host: ghcrHost })).status).to.equal(421);
  });

  it('refuses methods that change something', async () => {
    for (const method of ['POST', 'PUT', 'DELETE']) {
      const answer = await fetch('/v2/', { method });
      expect([answer.status, ociCode(answer)]).to.deep.equal([405, 'UNSUPPORTED']);
      expect(answer.headers.allow).to.equal('GET, HEAD');
    }
  });

  it('redirects to no target that can be read in two ways', async () => {
    for (const target of [
      '//evil.test/',
      '/%2e%2e/',
      '/\\evil.test',
      'http://evil.test/v2/',
      '*',
    ]) {
      const client = await WireClient.tcp({ port: bench.httpPort });
      client.send(`GET ${target} HTTP/1.1\r\nHost: ${universalHost}\r\n\r\n`);
      expect(await client.closed(), target).to.match(/^HTTP\/1\.1 400 /);
    }
  });

  it('gives one answer to a request that is refused, whatever follows', async () => {
    const another = `GET / HTTP/1.1\r\nHost: ${universalHost}\r\n\r\n`;
    for (const headers of ['X: y', `Host: ${universalHost}\r\nExpect: x`, 'Host: evil.test']) {
      for (const more of [another, 'garbage\r\n\r\n']) {
        const client = await WireClient.tcp({ port: bench.httpPort });
        client.send(`GET /v2/ HTTP/1.1\r\n${headers}\r\n\r\n${more}`);
        const answers = (await client.closed()).match(/HTTP\/1\.1 \d{3}/g) ?? [];
        expect(answers, headers).to.have.length(1);
        expect(answers[0]).to.match(/ 4\d\d$/);
      }
    }
  });

  it('does not upgrade', async () => {
    const client = await WireClient.tcp({ port: bench.httpPort });
    client.send(
      `GET /v2/ HTTP/1.1\r\nHost: ${universalHost}\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n`,
    );
    expect(await client.closed()).to.not.include(' 101 ');
  });

  it('is no tunnel', async () => {
    const client = await WireClient.tcp({ port: bench.httpPort });
    client.send(`CONNECT ${universalHost}:443 HTTP/1.1\r\nHost: ${universalHost}\r\n\r\n`);
    expect(await client.closed()).to.not.match(/^HTTP\/1\.1 200/);
  });
});
