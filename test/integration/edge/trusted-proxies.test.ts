import { Agent } from 'node:https';
import { expect } from 'chai';
import { parseCidr, type Cidr } from '../../../lib/net/cidr.ts';
import { noOrders } from '../../../lib/budget/usage.ts';
import { EdgeBench, type EdgeBenchOptions } from '../../support/edge/edge-bench.ts';
import { FakeBackend, serviceHost } from '../../support/edge/fake-backend.ts';
import { ask, begin, ociCode, type Answer } from '../../support/edge/https-client.ts';
import { allowed, listOf } from '../../support/edge/test-allow-list.ts';
import { universalHost } from '../../support/edge/test-settings.ts';
import { WireClient } from '../../support/edge/wire-client.ts';

const proxy = '127.0.0.9';
const path = '/v2/alpine/manifests/3';

function block(text: string): Cidr {
  const result = parseCidr(text);
  if (result.kind === 'invalid') throw new TypeError(result.reason);
  return result.cidr;
}

describe('requests that a trusted proxy passes on', () => {
  let bench: EdgeBench;
  let agent: Agent;

  const start = async (options: EdgeBenchOptions = {}): Promise<void> => {
    bench = await EdgeBench.start({
      allowList: listOf([
        allowed('192.0.2.0/24', { label: 'office' }),
        allowed('2001:db8::/32', { mirrors: ['ghcr'] }),
      ]),
      ...options,
      settings: { trustedProxies: [block(`${proxy}/32`)], ...options.settings },
    });
  };
  const forwarded = (header: string, rest: object = {}): Promise<Answer> =>
    ask({
      ...{ port: bench.port, path, from: proxy, agent },
      ...rest,
      headers: { 'x-forwarded-for': header },
    });
  const setList = (...cidrs: readonly string[]): void =>
    bench.edge.setAllowList(listOf(cidrs.map((cidr) => allowed(cidr))));
  beforeEach(() => {
    agent = new Agent({ keepAlive: true, maxSockets: 1 });
  });
  afterEach(async () => {
    agent.destroy();
    await bench.close();
  });

  it('are judged and logged one by one, though they share a connection', async () => {
    await start();
    const answers: Answer[] = [];
    for (const client of ['192.0.2.7', '198.51.100.1', '2001:db8::7', '192.0.2.8']) {
      answers.push(await forwarded(client));
    }
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 403, 403, 200]);
    const logged = bench.log.entries
      .filter(({ event }) => event === 'access')
      .map(({ fields }) => [fields['client'], fields['label'], fields['status']]);
    expect(logged).to.deep.equal([
      ['192.0.2.7', 'office', 200],
      ['198.51.100.1', undefined, 403],
      ['2001:db8::7', undefined, 403],
      ['192.0.2.8', 'office', 200],
    ]);
    expect(bench.edge.connections).to.equal(1);
    expect(bench.edge.denials).to.deep.equal([['198.51.100.1', 1]]);
  });

  it('count for their clients, on one connection too', async () => {
    await start();
    const body = Buffer.alloc(100_000);
    bench.worker.handler = (_request, response) => response.end(body);
    for (const client of ['192.0.2.7', '192.0.2.8', '192.0.2.7']) await forwarded(client);
    await bench.clock.advance(1_000);
    const sent = new Map<string, number>();
    for (const { client, bytes } of bench.usage.flatMap(({ deltas }) => deltas)) {
      sent.set(client, (sent.get(client) ?? 0) + bytes);
    }
    expect(sent.get('192.0.2.7')).to.be.within(200_000, 210_000);
    expect(sent.get('192.0.2.8')).to.be.within(100_000, 105_000);
    expect(sent.get(proxy)).to.be.lessThan(10_000);
  });

  it('are refused to a client whose quota is spent, and to no other', async () => {
    await start();
    bench.edge.setOrders({ ...noOrders, spentClients: new Set(['192.0.2.7']) });
    await bench.clock.advance(60_000);
    expect((await forwarded('192.0.2.7')).status).to.equal(503);
    expect((await forwarded('192.0.2.8')).status).to.equal(200);
  });

  it('go at the rate of their client over all connections of the proxy', async () => {
    await start();
    agent.destroy();
    agent = new Agent({ keepAlive: true });
    const body = Buffer.alloc(400_000);
    bench.worker.handler = (_request, response) => response.end(body);
    bench.edge.setOrders({ ...noOrders, clientBytesPerSecond: 1_000_000 });
    const begunAt = performance.now();
    const answers = await Promise.all([1, 2, 3].map(() => forwarded('192.0.2.7')));
    // A tenth of a second is saved up, and the last piece is not waited for.
    expect(performance.now() - begunAt).to.be.above(900);
    expect(answers.map((answer) => answer.body.length)).to.deep.equal([1, 2, 3].map(() => 400_000));
  });

  it('go at the share of their own client, whatever that of another', async () => {
    await start();
    agent.destroy();
    agent = new Agent({ keepAlive: true });
    const body = Buffer.alloc(4_000_000);
    bench.worker.handler = (_request, response) => response.end(body);
    const shares = new Map([['192.0.2.7', 0.0001]]);
    bench.edge.setOrders({ ...noOrders, clientBytesPerSecond: 10_000_000, shares });
    const headers = { 'x-forwarded-for': '192.0.2.7' };
    const held = (await begin({ port: bench.port, path, from: proxy, agent, headers })).resume();
    const { complete, body: got } = await forwarded('192.0.2.8');
    expect([complete, got.length]).to.deep.equal([true, body.length]);
    expect(held.complete).to.equal(false);
    held.destroy();
  });

  it('are held to the connections of one client, and others go on', async () => {
    await start({ limits: { maxConnectionsPerAddress: 2 } });
    agent.destroy();
    agent = new Agent({ keepAlive: true });
    bench.worker.handler = (request, response) => {
      response.writeHead(200, { 'content-length': 4 });
      if (request.url?.endsWith('slow') === true) response.write('ab');
      else response.end('abcd');
    };
    const slow = { port: bench.port, path: '/v2/a/b/manifests/slow', from: proxy, agent };
    const headers = { 'x-forwarded-for': '192.0.2.7' };
    const held = await Promise.all([begin({ ...slow, headers }), begin({ ...slow, headers })]);
    const refused = await forwarded('192.0.2.7');
    expect([refused.status, ociCode(refused)]).to.deep.equal([429, 'TOOMANYREQUESTS']);
    expect((await forwarded('192.0.2.8')).status).to.equal(200);
    for (const answer of held) answer.destroy();
  });

  it('end when their client is removed, and those of another do not', async () => {
    await start();
    agent.destroy();
    agent = new Agent({ keepAlive: true });
    bench.worker.handler = (_request, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('half');
    };
    const of = async (client: string) => {
      const headers = { 'x-forwarded-for': client };
      const answer = await begin({ port: bench.port, path, from: proxy, agent, headers });
      return answer.resume();
    };
    const [gone, kept] = [await of('192.0.2.7'), await of('192.0.2.8')];
    const cut = new Promise((resolve) => gone.once('error', resolve));
    setList('192.0.2.8/32');
    expect(await cut).to.include({ code: 'ECONNRESET' });
    expect(kept.destroyed).to.equal(false);
    kept.destroy();
  });

  it('are 400 where the header names no client', async () => {
    await start();
    for (const header of ['', 'unknown', '192.0.2.7:80', '192.0.2.7,', `192.0.2.7, x, ${proxy}`]) {
      const { status } = await forwarded(header);
      expect(status, header).to.equal(400);
    }
    expect(bench.worker.requests).to.have.length(0);
  });

  it("are the proxy's own without the header, which needs a right of its own", async () => {
    await start();
    const own = { port: bench.port, path, from: proxy };
    expect((await ask(own)).status).to.equal(403);
    setList(`${proxy}/32`);
    expect((await ask(own)).status).to.equal(200);
    expect((await forwarded('192.0.2.7')).status).to.equal(403);
  });

  it('redirect who may come, on plain http', async () => {
    await start();
    const rest = { port: bench.httpPort, isPlain: true };
    expect((await forwarded('192.0.2.7', rest)).status).to.equal(308);
    expect((await forwarded('198.51.100.1', rest)).status).to.equal(403);
  });

  it('tell a service who the client is, in a WebSocket too', async () => {
    const backend = await FakeBackend.start();
    await start({ settings: { services: [backend.service] } });
    await forwarded(`203.0.113.1, 192.0.2.7`, { host: serviceHost, path: '/' });
    const socket = await WireClient.tls({
      ...{ port: bench.port, from: proxy, serverName: serviceHost },
    });
    const upgrade =
      `GET /socket HTTP/1.1\r\nHost: ${serviceHost}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n';
    await socket.send(`${upgrade}X-Forwarded-For: 192.0.2.8\r\n\r\n`).until(/hello/);
    const told = backend.requests.map(({ headers }) => headers['x-forwarded-for']);
    expect(told).to.deep.equal(['192.0.2.7', '192.0.2.8']);
    setList('192.0.2.7/32');
    await socket.closed(1_000);
    await backend.kill();
  });

  it('come by connections that end when the proxy is trusted no more', async () => {
    await start();
    const client = await WireClient.tls({ port: bench.port, from: proxy });
    const get = `GET /v2/ HTTP/1.1\r\nHost: ${universalHost}\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n`;
    await client.send(get).until(/\{\}/);
    await bench.configure({ trustedProxies: [] });
    await client.closed(1_000);
  });

  it('are not those of anybody else: the header is ignored', async () => {
    await start();
    setList('127.0.0.1/32');
    for (const header of ['192.0.2.7', 'nonsense']) {
      expect((await forwarded(header, { from: '127.0.0.1' })).status).to.equal(200);
    }
    expect(bench.log.entries.at(-1)?.fields).to.include({ client: '127.0.0.1' });
    expect(bench.worker.requests[0]?.headers).to.not.have.property('x-forwarded-for');
  });
});
