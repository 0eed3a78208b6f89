import { once } from 'node:events';
import { expect } from 'chai';
import { noOrders } from '../../../lib/budget/usage.ts';
import { EdgeBench } from '../../support/edge/edge-bench.ts';
import { FakeBackend, serviceHost } from '../../support/edge/fake-backend.ts';
import { openFiles, openFilesBackTo } from '../../support/edge/open-files.ts';
import { WireClient, type WireOptions } from '../../support/edge/wire-client.ts';
import { poll } from '../../support/lab/polling.ts';

const upgrade = `GET / HTTP/1.1\r\nHost: ${serviceHost}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
const message = Buffer.alloc(1024 * 1024, 'm');

/** Both sides of an upgraded connection on real sockets, and which of them goes first. */
describe('the end of an upgraded connection', () => {
  let bench: EdgeBench;
  let backend: FakeBackend;
  let files: number;

  const start = async (limits = {}): Promise<void> => {
    bench = await EdgeBench.start({ limits, settings: { services: [backend.service] } });
  };
  const connect = (rest: Partial<WireOptions> = {}): Promise<WireClient> =>
    WireClient.tls({ port: bench.port, serverName: serviceHost, ...rest });
  const pace = (clientBytesPerSecond: number): void =>
    bench.edge.setOrders({ ...noOrders, clientBytesPerSecond });
  const backendRid = (deadlineMs: number): Promise<true> =>
    poll(() => backend.upgraded.size === 0 || undefined, {
      deadlineMs,
      what: "end of the backend's connection",
    });
  /** Of what the client has received, past the head of the answer. */
  const said = (client: WireClient): Buffer =>
    client.received.subarray(client.received.indexOf('\r\n\r\n') + 4);

  beforeEach(async () => {
    files = await openFiles();
    backend = await FakeBackend.start();
    backend.greeting =
      'HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
    backend.upgradeHandler = (socket) => socket.end(message);
  });
  afterEach(async () => {
    await bench.close();
    await backend.kill();
    await openFilesBackTo(files);
  });

  for (const [what, bytesPerSecond] of [
    ['as fast as it can', undefined],
    ['at its pace', 2_000_000],
  ] as const) {
    it(`comes after the client has got ${what} what the backend said last`, async () => {
      await start();
      if (bytesPerSecond !== undefined) pace(bytesPerSecond);
      const client = await connect();
      await client.send(upgrade).closed();
      expect(client.error).to.equal(undefined);
      expect(said(client).equals(message)).to.equal(true);
    });
  }

  it('comes no sooner for a client that goes on talking', async () => {
    await start();
    pace(2_000_000);
    const client = await connect();
    client.send(upgrade);
    const chatter = setInterval(() => client.send('more'), 1);
    try {
      await client.closed();
    } finally {
      clearInterval(chatter);
    }
    expect(said(client).equals(message)).to.equal(true);
    const events = bench.log.entries.map(({ event }) => event);
    expect(events).to.not.include('service failed');
  });

  it('that is a reset of the backend leaves the client what was said before', async () => {
    await start();
    pace(100_000);
    backend.upgradeHandler = (socket) => socket.write(message.subarray(0, 100_000));
    const client = await connect();
    await client.send(upgrade).until(/m{100000}$/);
    const [socket] = backend.upgraded;
    // The client's pace holds it back.
    socket?.write('tail', () => setImmediate(() => socket.resetAndDestroy()));
    expect(await client.closed()).to.match(/m{100000}tail$/);
    expect(client.error).to.equal(undefined);
    const events = bench.log.entries.map(({ event }) => event);
    expect(events).to.include('service failed');
  });

  it('lets a client go that takes nothing of what is left', async () => {
    await start({ slowReaderWindowMs: 400, checkIntervalMs: 50 });
    const much = Buffer.alloc(32 * 1024 * 1024);
    backend.upgradeHandler = (socket) => socket.end(much);
    const client = await connect();
    await client.send(upgrade).until(/ 101 /);
    client.socket.pause();
    await backendRid(5_000);
    client.socket.resume();
    await client.closed();
    expect(said(client).length).to.be.below(much.length);
  });

  it('lets a client go that keeps its side open', async () => {
    await start({ slowReaderWindowMs: 400, checkIntervalMs: 50 });
    const client = await connect({ staysOpen: true });
    client.send(upgrade);
    await once(client.socket, 'end');
    expect(said(client).equals(message)).to.equal(true);
    await poll(() => client.send('x').error && true, { deadlineMs: 5_000, what: 'reset' });
  });

  it('is the end of the backend at once where the client goes first', async () => {
    await start();
    pace(1_000);
    backend.upgradeHandler = (socket) => socket.write(message);
    const client = await connect();
    await client.send(upgrade).until(/m{1000}/);
    client.close();
    await backendRid(1_000);
  });
});
