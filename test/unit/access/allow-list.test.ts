import { expect } from 'chai';
import {
  buildAllowList,
  nobody,
  type AllowEntry,
  type AllowList,
} from '../../../lib/access/allow-list.ts';
import { tryPeerAddress } from '../../../lib/net/address.ts';
import { errorOf } from '../../support/rejection.ts';

const now = new Date('2026-11-01T00:00:00Z');

function entry(cidr: string, rest: Partial<AllowEntry> = {}): AllowEntry {
  return { cidr, label: undefined, mirrors: undefined, expires: undefined, line: 1, ...rest };
}

function listOf(...entries: readonly AllowEntry[]): AllowList {
  return buildAllowList({ ...nobody, entries });
}

function isAllowed(list: AllowList, peer: string | undefined, at = now): boolean {
  return list.lookup(tryPeerAddress(peer), at) !== undefined;
}

describe('the allow-list', () => {
  it('denies everyone where it is empty', () => {
    const list = buildAllowList(nobody);
    for (const peer of ['127.0.0.1', '::1', '203.0.113.7', '0.0.0.0', '::']) {
      expect(isAllowed(list, peer), peer).to.equal(false);
    }
    expect(list.nextExpiry(now)).to.equal(undefined);
  });

  it('denies a peer that is gone or unreadable, even where all are allowed', () => {
    const list = listOf(entry('0.0.0.0/0'), entry('::/0'));
    for (const peer of [undefined, '', 'localhost', '127.1']) {
      expect(isAllowed(list, peer), String(peer)).to.equal(false);
    }
  });

  it('admits the addresses of its blocks and no others', () => {
    const list = listOf(entry('203.0.113.0/25'), entry('2001:db8:42::/48'));
    const peers: Record<string, boolean> = {
      '203.0.113.0': true,
      '203.0.113.127': true,
      '::ffff:203.0.113.1': true,
      '203.0.113.128': false,
      '203.0.112.255': false,
      '2001:db8:42:ffff::1': true,
      '2001:db8:43::': false,
      '2001:db8:41:ffff::': false,
    };
    for (const [peer, expected] of Object.entries(peers)) {
      expect(isAllowed(list, peer), peer).to.equal(expected);
    }
  });

  it('takes no notice of the zone of a link-local peer', () => {
    expect(isAllowed(listOf(entry('fe80::/10')), 'fe80::1%eth0')).to.equal(true);
  });

  it('tells the label of the narrowest entry that has one, and every entry', () => {
    const wide = entry('203.0.113.0/24', { label: 'office', line: 2 });
    const narrow = entry('203.0.113.7/32', { line: 3 });
    const admission = listOf(wide, narrow).lookup(tryPeerAddress('203.0.113.7'), now);
    expect(admission?.label).to.equal('office');
    expect(admission?.entries.map(({ line }) => line)).to.deep.equal([3, 2]);
  });

  it('permits what any of the entries permits', () => {
    const list = listOf(
      entry('203.0.113.0/24', { mirrors: ['hub'] }),
      entry('203.0.113.7/32', { mirrors: ['ghcr'] }),
      entry('203.0.113.8/32'),
    );
    const permitted = (peer: string): string[] => {
      const admission = list.lookup(tryPeerAddress(peer), now);
      return ['hub', 'ghcr', 'quay'].filter((name) => admission?.permits(name));
    };
    expect(permitted('203.0.113.1')).to.deep.equal(['hub']);
    expect(permitted('203.0.113.7')).to.deep.equal(['hub', 'ghcr']);
    expect(permitted('203.0.113.8')).to.deep.equal(['hub', 'ghcr', 'quay']);
    expect(permitted('203.0.112.1')).to.deep.equal([]);
  });

  it('forgets an entry at the very instant of its expiry', () => {
    const expires = new Date(now.getTime() + 1000);
    const list = listOf(entry('203.0.113.7/32', { expires }));
    expect(isAllowed(list, '203.0.113.7', new Date(expires.getTime() - 1))).to.equal(true);
    expect(isAllowed(list, '203.0.113.7', expires)).to.equal(false);
  });

  it('leaves the scope of an entry that has run out to nobody', () => {
    const list = listOf(
      entry('203.0.113.7/32', { expires: now, label: 'old' }),
      entry('203.0.113.0/24', { mirrors: ['hub'] }),
    );
    const admission = list.lookup(tryPeerAddress('203.0.113.7'), now);
    expect(admission?.permits('ghcr')).to.equal(false);
    expect(admission?.label).to.equal(undefined);
  });

  it('tells when the next entry runs out, one after the other', () => {
    const [first, second] = [new Date('2026-11-02T00:00:00Z'), new Date('2026-12-01T00:00:00Z')];
    const list = listOf(
      entry('203.0.113.7/32', { expires: second }),
      entry('203.0.113.8/32', { expires: first }),
      entry('203.0.113.9/32'),
    );
    expect(list.nextExpiry(now)).to.deep.equal(first);
    expect(list.nextExpiry(first)).to.deep.equal(second);
    expect(list.nextExpiry(second)).to.equal(undefined);
  });

  it('decides the same in another process, from a clone of its data', () => {
    const data = {
      certificates: [],
      deny: 'http',
      entries: [entry('203.0.113.0/24', { mirrors: ['hub'], expires: new Date('2027-01-01') })],
    } as const;
    const list = buildAllowList(structuredClone(data));
    expect(list.deny).to.equal('http');
    expect(isAllowed(list, '203.0.113.7')).to.equal(true);
    expect(isAllowed(list, '203.0.113.7', new Date('2027-01-01'))).to.equal(false);
  });

  it('refuses data in which an expiry got lost on the way, rather than never expire', () => {
    const damaged = entry('203.0.113.7/32', { expires: new Date(NaN) });
    const asText = { ...entry('203.0.113.7/32'), expires: now.toISOString() as unknown as Date };
    const noBlock = entry('203.0.113.7/33');
    for (const ill of [damaged, asText, noBlock]) {
      expect(errorOf(() => listOf(ill)).code).to.equal('MIRRORGATE_ACCESS_DATA');
    }
  });

  it('decides among 100 000 entries in microseconds', () => {
    const entries = Array.from({ length: 100_000 }, (_, index) => {
      const [high, low] = [index >> 8, index & 255];
      const ipv6 = `2001:db8:${high.toString(16)}:${low.toString(16)}::/64`;
      return entry(index % 2 === 0 ? `10.${high & 255}.${low}.${index >> 9}/32` : ipv6);
    });
    const list = listOf(...entries);
    const peers = ['10.1.2.3', '2001:db8:12:34::1', '192.0.2.1', 'fe80::1'].map(tryPeerAddress);
    const startMs = performance.now();
    for (let round = 0; round < 25_000; round += 1) {
      for (const peer of peers) list.lookup(peer, now);
    }
    // Two orders of magnitude above what it takes, so that a busy machine does not fail it.
    expect(performance.now() - startMs).to.be.below(100_000 * 0.05);
  });
});
