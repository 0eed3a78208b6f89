import { expect } from 'chai';
import type { AllowList } from '../../../lib/access/allow-list.ts';
import { standardLimits as limits } from '../../../lib/config/limits-schema.ts';
import { ConnectionsBench } from '../../support/edge/connections-bench.ts';
import { allowed, listOf } from '../../support/edge/test-allow-list.ts';
import { testStart } from '../../support/test-certificates.ts';

describe('Connections', () => {
  let bench: ConnectionsBench;

  const allow = (...cidrs: readonly string[]): AllowList =>
    listOf(cidrs.map((cidr) => allowed(cidr)));
  beforeEach(() => {
    bench = new ConnectionsBench();
  });

  it('lets nobody in before there is a list', () => {
    expect(bench.isIn('127.0.0.1')).to.equal(false);
  });

  it('closes a connection whose client is gone already', () => {
    bench.connections.setAllowList(allow('0.0.0.0/0', '::/0'));
    expect(bench.isIn(undefined)).to.equal(false);
  });

  it('takes a mapped address for the IPv4 address that it is', () => {
    bench.connections.setAllowList(allow('192.0.2.7/32'));
    expect(bench.connect('::ffff:192.0.2.7').peer?.address).to.equal('192.0.2.7');
    expect(bench.isIn('::ffff:192.0.2.8')).to.equal(false);
  });

  it('holds each address to its number of connections, and gives room back', () => {
    bench.connections.setAllowList(allow('192.0.2.0/24'));
    const mine = Array.from({ length: limits.maxConnectionsPerAddress }, () =>
      bench.connect('192.0.2.1'),
    );
    expect(mine.every(({ peer }) => peer !== undefined)).to.equal(true);
    expect(bench.isIn('::ffff:192.0.2.1')).to.equal(false);
    expect(bench.isIn('192.0.2.2')).to.equal(true);
    mine[0]?.socket.destroy();
    expect(bench.isIn('192.0.2.1')).to.equal(true);
    expect(bench.isIn('192.0.2.1')).to.equal(false);
  });

  it('counts an IPv6 /64 as one client', () => {
    bench.connections.setAllowList(allow('2001:db8::/32'));
    for (let n = 1; n <= limits.maxConnectionsPerAddress; n += 1) {
      expect(bench.isIn(`2001:db8:0:1::${n.toString(16)}`)).to.equal(true);
    }
    expect(bench.isIn('2001:db8:0:1:ffff::1')).to.equal(false);
    expect(bench.isIn('2001:db8:0:2::1')).to.equal(true);
  });

  it('holds all of them together to its number of connections', () => {
    bench = new ConnectionsBench({ maxConnections: 3 });
    bench.connections.setAllowList(allow('192.0.2.0/24'));
    const sockets = [1, 2, 3].map((n) => bench.connect(`192.0.2.${n}`).socket);
    expect(bench.isIn('192.0.2.4')).to.equal(false);
    sockets[0]?.destroy();
    expect(bench.isIn('192.0.2.4')).to.equal(true);
  });

  it('cuts live connections that a new list denies, and no others', () => {
    bench.connections.setAllowList(allow('192.0.2.0/24'));
    const [gone, kept] = [bench.connect('192.0.2.1'), bench.connect('192.0.2.2')];
    bench.connections.setAllowList(listOf([allowed('192.0.2.2/32', { label: 'kept' })]));
    expect(gone.socket.destroyed).to.equal(true);
    expect(gone.peer?.admission).to.equal(undefined);
    expect(kept.socket.destroyed).to.equal(false);
    expect(kept.peer?.admission?.label).to.equal('kept');
    bench.connections.setAllowList(undefined);
    expect(kept.socket.destroyed).to.equal(true);
  });

  it('cuts connections at the instant their entry expires', async () => {
    const at = (seconds: number): Date => new Date(testStart.getTime() + seconds * 1000);
    bench.connections.setAllowList(
      listOf([
        allowed('192.0.2.1/32', { expires: at(60) }),
        allowed('192.0.2.2/32', { expires: at(120) }),
        allowed('192.0.2.3/32'),
      ]),
    );
    const [first, second, third] = [1, 2, 3].map((n) => bench.connect(`192.0.2.${n}`).socket);
    await bench.clock.advance(59_999);
    expect(first?.destroyed).to.equal(false);
    await bench.clock.advance(1);
    expect(first?.destroyed).to.equal(true);
    expect(second?.destroyed).to.equal(false);
    expect(bench.isIn('192.0.2.1')).to.equal(false);
    await bench.clock.advance(60_000);
    expect(second?.destroyed).to.equal(true);
    expect(third?.destroyed).to.equal(false);
    expect(bench.clock.nextTimerAt()).to.equal(undefined);
  });

  it('forgets the expiry of a list that is replaced', async () => {
    const expires = new Date(testStart.getTime() + 60_000);
    bench.connections.setAllowList(listOf([allowed('192.0.2.1/32', { expires })]));
    const { socket } = bench.connect('192.0.2.1');
    bench.connections.setAllowList(allow('192.0.2.1/32'));
    await bench.clock.advance(120_000);
    expect(socket.destroyed).to.equal(false);
  });

  it('ends every connection when it is closed, and its timer', () => {
    const expires = new Date(testStart.getTime() + 60_000);
    bench.connections.setAllowList(listOf([allowed('192.0.2.0/24', { expires })]));
    const sockets = [1, 2].map((n) => bench.connect(`192.0.2.${n}`).socket);
    bench.connections.close();
    expect(sockets.every(({ destroyed }) => destroyed)).to.equal(true);
    expect(bench.clock.nextTimerAt()).to.equal(undefined);
  });
});
