import { expect } from 'chai';
import type { AllowList } from '../../../lib/access/allow-list.ts';
import { ConnectionsBench } from '../../support/edge/connections-bench.ts';
import { allowed, listOf } from '../../support/edge/test-allow-list.ts';

describe('Connections, to strangers', () => {
  let bench: ConnectionsBench;

  const allow = (...cidrs: readonly string[]): AllowList =>
    listOf(cidrs.map((cidr) => allowed(cidr)));
  beforeEach(() => {
    bench = new ConnectionsBench();
  });

  it('lets strangers in without a right where they are to be told so', () => {
    bench.connections.setAllowList(listOf([allowed('192.0.2.0/24')], 'http'));
    expect(bench.connect('198.51.100.1').peer?.admission).to.equal(undefined);
    expect(bench.connect('198.51.100.1').socket.destroyed).to.equal(false);
    expect(bench.connect('192.0.2.1').peer?.admission).to.not.equal(undefined);
  });

  it('lets strangers in for the public bundle, and out when it is no longer public', () => {
    bench.connections.setAllowList(allow('192.0.2.0/24'));
    bench.connections.setAdmitsStrangers(true);
    const [stranger, client] = [
      bench.connect('198.51.100.1').socket,
      bench.connect('192.0.2.1').socket,
    ];
    expect(stranger.destroyed).to.equal(false);
    bench.connections.setAdmitsStrangers(false);
    expect(stranger.destroyed).to.equal(true);
    expect(client.destroyed).to.equal(false);
  });

  it('cuts off who is removed, and lets him in again to be told so', () => {
    bench.connections.setAllowList(listOf([allowed('192.0.2.0/24')], 'http'));
    const [removed, stranger] = [
      bench.connect('192.0.2.1').socket,
      bench.connect('198.51.100.1').socket,
    ];
    bench.connections.setAllowList(listOf([allowed('203.0.113.0/24')], 'http'));
    expect([removed.destroyed, stranger.destroyed]).to.deep.equal([true, false]);
    expect(bench.connect('192.0.2.1').peer?.admission).to.equal(undefined);
  });

  it('keeps the room of clients free of strangers', () => {
    bench = new ConnectionsBench({ maxStrangers: 2, maxConnections: 100 });
    bench.connections.setAllowList(allow('192.0.2.0/24'));
    bench.connections.setAdmitsStrangers(true);
    const strangers = [1, 2].map((n) => bench.connect(`198.51.100.${n}`).socket);
    expect(bench.isIn('198.51.100.3')).to.equal(false);
    expect(bench.isIn('192.0.2.1')).to.equal(true);
    strangers[0]?.destroy();
    expect(bench.isIn('198.51.100.3')).to.equal(true);
  });

  it('logs one denial a minute for an address, however often it comes', async () => {
    bench.connections.setAllowList(allow('192.0.2.0/24'));
    for (let n = 0; n < 100; n += 1) bench.isIn('198.51.100.1');
    expect(bench.countOf('connection denied')).to.equal(1);
    bench.isIn('198.51.100.2');
    expect(bench.countOf('connection denied')).to.equal(2);
    await bench.clock.advance(60_000);
    bench.isIn('198.51.100.1');
    expect(bench.countOf('connection denied')).to.equal(3);
  });
});
