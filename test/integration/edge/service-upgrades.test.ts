import { expect } from 'chai';
import { noOrders } from '../../../lib/budget/usage.ts';
import { EdgeBench } from '../../support/edge/edge-bench.ts';
import { FakeBackend, serviceHost } from '../../support/edge/fake-backend.ts';
import { allowed, listOf } from '../../support/edge/test-allow-list.ts';
import { hubHost } from '../../support/edge/test-settings.ts';
import { WireClient, type WireOptions } from '../../support/edge/wire-client.ts';
import { poll } from '../../support/lab/polling.ts';

/** Short, so that who keeps a side open is let go within a test. */
const limits = { slowReaderWindowMs: 400, checkIntervalMs: 50 };
const upgrade =
  `GET /socket?a=b HTTP/1.1\r\nHost: ${serviceHost}\r\nConnection: keep-alive, Upgrade\r\n` +
  'Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n';

describe('an upgrade to a WebSocket', () => {
  let bench: EdgeBench;
  let backend: FakeBackend;

  const connect = (serverName = serviceHost): Promise<WireClient> =>
    WireClient.tls({ port: bench.port, serverName });
  const established = async (rest: Partial<WireOptions> = {}): Promise<WireClient> => {
    const client = await WireClient.tls({ port: bench.port, serverName: serviceHost, ...rest });
    await client.send(`${upgrade}\r\n`).until(/hello $/);
    return client;
  };
  const backendRid = (): Promise<true> =>
    poll(() => backend.upgraded.size === 0 || undefined, {
      deadlineMs: 1_000,
      what: "end of the backend's connection",
    });
  beforeEach(async () => {
    backend = await FakeBackend.start();
    bench = await EdgeBench.start({ limits, settings: { services: [backend.service] } });
  });
  afterEach(async () => {
    await bench.close();
    await backend.kill();
  });

  it('carries bytes in both directions', async () => {
    const client = await established();
    expect(client.received.toString()).to.match(/^HTTP\/1\.1 101 /);
    await client.send('one').until(/hello one$/);
    await client.send('x'.repeat(500_000)).until(/hello onex{500000}$/);
    client.close();
    await backendRid();
  });

  it("goes at the client's pace, and loses nothing by it", async () => {
    const client = await established();
    bench.edge.setOrders({ ...noOrders, clientBytesPerSecond: 1_000_000 });
    const begunAt = performance.now();
    await client.send('x'.repeat(500_000)).until(/hello x{500000}$/);
    // A tenth of a second is saved up, and the last piece is not waited for.
    expect(performance.now() - begunAt).to.be.above(250);
    client.close();
    await backendRid();
  });

  it('carries what the client said before it was answered', async () => {
    const client = await connect();
    await client.send(`${upgrade}\r\nearly`).until(/hello early$/);
    client.close();
  });

  it('tells the backend who the client is', async () => {
    const client = await connect();
    client.send(`${upgrade}X-Forwarded-For: 192.0.2.1\r\nX-Real-IP: 192.0.2.1\r\n\r\n`);
    await client.until(/hello/);
    client.close();
    const { headers, target } = backend.requests[0]!;
    expect(target).to.equal('/socket?a=b');
    expect(headers).to.include({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'https',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
    });
    expect(headers).to.not.have.property('x-real-ip');
  });

  it('ends on both sides when the client is reset', async () => {
    (await established()).reset();
    await backendRid();
  });

  it('ends on both sides when the client is no longer allowed', async () => {
    const client = await established();
    bench.edge.setAllowList(listOf([]));
    await client.closed(1_000);
    await backendRid();
  });

  it('ends on both sides when the backend dies', async () => {
    const client = await established({ staysOpen: true });
    await backend.kill();
    await poll(() => client.send('x').error && true, { deadlineMs: 5_000, what: 'reset' });
  });

  it('that the backend refuses is refused, and the connection ended', async () => {
    backend.greeting = 'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno';
    const client = await connect();
    client.send(`${upgrade}\r\n`);
    expect(await client.closed()).to.match(/^HTTP\/1\.1 403 [^]*no$/);
  });

  it('to a backend that is not there ends the connection', async () => {
    await backend.kill();
    const client = await connect();
    client.send(`${upgrade}\r\n`);
    expect(await client.closed()).to.not.include(' 101 ');
  });

  const refusals: Readonly<Record<string, readonly [string, string, number]>> = {
    'of a mirror': [hubHost, upgrade.replace(serviceHost, hubHost), 400],
    'on a handshake for another host': [hubHost, upgrade, 421],
    'without a host': [serviceHost, upgrade.replace(serviceHost, ''), 400],
    'to HTTP/2 in clear': [serviceHost, upgrade.replace('websocket', 'h2c'), 400],
    'with a body': [serviceHost, `${upgrade}Content-Length: 5\r\n`, 400],
    'with two hosts': [serviceHost, `${upgrade}Host: ${serviceHost}\r\n`, 400],
    'by POST': [serviceHost, upgrade.replace('GET', 'POST'), 400],
  };
  for (const [what, [serverName, request, status]] of Object.entries(refusals)) {
    it(`${what} is refused, and the connection ended`, async () => {
      const client = await WireClient.tls({
        port: bench.port,
        serverName,
        staysOpen: true,
      });
      await client.send(`${request}\r\n`).until(new RegExp(`^HTTP/1\\.1 ${status} `));
      await poll(() => client.send('x').error && true, { deadlineMs: 1_000, what: 'reset' });
      expect(backend.requests).to.have.length(0);
    });
  }

  it('by a client whose entry does not name the service is refused', async () => {
    bench.edge.setAllowList(listOf([allowed('127.0.0.1/32', { mirrors: ['hub'] })]));
    const client = await connect();
    expect(await client.send(`${upgrade}\r\n`).closed()).to.match(/^HTTP\/1\.1 403 /);
    expect(backend.requests).to.have.length(0);
  });

  it('behind a request that is still being answered ends the connection', async () => {
    backend.handler = (_request, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('begun');
    };
    const client = await connect();
    await client.send(`GET / HTTP/1.1\r\nHost: ${serviceHost}\r\n\r\n`).until(/begun/);
    expect(await client.send(`${upgrade}\r\n`).closed(1_000)).to.match(/begun$/);
    expect(backend.upgraded.size).to.equal(0);
  });
});
