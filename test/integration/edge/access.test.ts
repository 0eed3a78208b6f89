import { Agent } from 'node:https';
import { expect } from 'chai';
import { EdgeBench, type EdgeBenchOptions } from '../../support/edge/edge-bench.ts';
import { ask, begin, ociCode } from '../../support/edge/https-client.ts';
import { allowed, listOf } from '../../support/edge/test-allow-list.ts';
import { ghcrHost, universalHost } from '../../support/edge/test-settings.ts';
import { WireClient } from '../../support/edge/wire-client.ts';
import { poll } from '../../support/lab/polling.ts';

const get = `GET /v2/ HTTP/1.1\r\nHost: ${universalHost}\r\n\r\n`;
const onlyFirst = listOf([allowed('127.0.0.1/32')]);

describe('the allow-list of an edge', () => {
  let bench: EdgeBench;

  const start = async (options: EdgeBenchOptions): Promise<void> => {
    bench = await EdgeBench.start(options);
  };
  const events = (): readonly string[] => bench.log.entries.map(({ event }) => event);
  afterEach(() => bench.close());

  it('closes the connection of a denied address without a byte, on https and on http', async () => {
    await start({ allowList: onlyFirst });
    for (const port of [bench.port, bench.httpPort]) {
      const client = await WireClient.tcp({ port, from: '127.0.0.2' });
      client.send(get);
      expect(await client.closed(1_000)).to.equal('');
    }
    expect(events()).to.deep.equal(['connection denied']);
  });

  it('gives a denied address no handshake', async () => {
    await start({ allowList: onlyFirst });
    const outcome = await WireClient.tls({ port: bench.port, from: '127.0.0.2' }).then(
      () => 'a handshake',
      () => 'none',
    );
    expect(outcome).to.equal('none');
    expect(await ask({ port: bench.port, path: '/v2/' })).to.include({ status: 200 });
  });

  it('takes no word of a client for its address', async () => {
    await start({ allowList: listOf([allowed('127.0.0.1/32')], 'http') });
    const headers = {
      'x-forwarded-for': '127.0.0.1',
      'x-real-ip': '127.0.0.1',
      forwarded: 'for=127.0.0.1',
      'true-client-ip': '127.0.0.1',
    };
    const answer = await ask({ port: bench.port, path: '/v2/', from: '127.0.0.2', headers });
    expect(answer.status).to.equal(403);
    const proxied = await WireClient.tcp({ port: bench.httpPort, from: '127.0.0.2' });
    proxied.send(`PROXY TCP4 127.0.0.1 127.0.0.1 1 1\r\n${get}`);
    expect(await proxied.closed()).to.match(/^HTTP\/1\.1 400 /);
  });

  it('lets a client in from the moment it is added', async () => {
    await start({ allowList: onlyFirst });
    bench.edge.setAllowList(listOf([allowed('127.0.0.0/8', { label: 'runner' })]));
    expect((await ask({ port: bench.port, path: '/v2/', from: '127.0.0.2' })).status).to.equal(200);
    expect(bench.log.entries.at(-1)?.fields).to.include({ client: '127.0.0.2', label: 'runner' });
  });

  it('cuts the idle connection of a client that is removed', async () => {
    await start({});
    const client = await WireClient.tls({ port: bench.port, from: '127.0.0.2' });
    await client.send(get).until(/\{\}/);
    bench.edge.setAllowList(onlyFirst);
    await client.closed(1_000);
    expect(events()).to.include('connection cut, its client is no longer allowed');
  });

  it('cuts a client that is removed in the middle of a body, and its work', async () => {
    await start({});
    bench.worker.handler = (_request, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('half');
    };
    const body = await begin({ port: bench.port, path: '/v2/a/b/manifests/1', from: '127.0.0.2' });
    body.resume();
    bench.edge.setAllowList(onlyFirst);
    const error = await new Promise((resolve) => body.once('error', resolve));
    expect(error).to.include({ code: 'ECONNRESET' });
    expect(body.complete).to.equal(false);
    const [request] = bench.worker.requests;
    await poll(() => request?.complete === false || undefined, {
      deadlineMs: 1_000,
      what: "end of the worker's work",
    });
  });

  it('cuts connections when their entry expires', async () => {
    const expires = new Date(Date.now() + 60_000);
    await start({ allowList: listOf([allowed('127.0.0.1/32', { expires })]) });
    const client = await WireClient.tls({ port: bench.port });
    await client.send(get).until(/\{\}/);
    await bench.clock.advance(61_000);
    await client.closed(1_000);
    const late = await WireClient.tcp({ port: bench.port });
    expect(await late.closed(1_000)).to.equal('');
  });

  it('keeps a client to the mirrors of its entry', async () => {
    await start({ allowList: listOf([allowed('127.0.0.1/32', { mirrors: ['hub'] })]) });
    const of = (path: string, host: string) => ask({ port: bench.port, path, host });
    expect((await of('/v2/alpine/manifests/3', universalHost)).status).to.equal(200);
    for (const [path, host] of [
      ['/v2/acme/app/manifests/1', ghcrHost],
      ['/v2/ghcr.io/acme/app/manifests/1', universalHost],
      ['/v2/acme/app/manifests/1?ns=ghcr.io', universalHost],
    ] as const) {
      const answer = await of(path, host);
      expect([answer.status, ociCode(answer)], path).to.deep.equal([403, 'DENIED']);
      expect(answer.headers['content-type']).to.equal('application/json');
    }
    expect(bench.worker.requests).to.have.length(1);
  });

  it('changes the scope of a connection that stands', async () => {
    await start({});
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const question = { port: bench.port, path: '/v2/acme/app/manifests/1', host: ghcrHost, agent };
    expect((await ask(question)).status).to.equal(200);
    bench.edge.setAllowList(listOf([allowed('127.0.0.1/32', { mirrors: ['hub'] })]));
    const answer = await ask(question);
    agent.destroy();
    expect([answer.status, ociCode(answer)]).to.deep.equal([403, 'DENIED']);
  });

  it('answers 403 after TLS where it says so, once a connection', async () => {
    await start({ allowList: listOf([], 'http') });
    for (const isPlain of [false, true]) {
      const port = isPlain ? bench.httpPort : bench.port;
      for (const path of ['/v2/', '/v2/alpine/manifests/3', '/ca/bundle.pem', '/']) {
        const answer = await ask({ port, isPlain, path, headers: { connection: 'keep-alive' } });
        expect([answer.status, ociCode(answer)], path).to.deep.equal([403, 'DENIED']);
        expect(answer.headers.connection).to.equal('close');
      }
    }
    expect(bench.worker.requests).to.have.length(0);
  });
});
