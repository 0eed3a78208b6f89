/** Every block against every spelling of a peer: 24 × 20 decisions, written out by hand. */
import { expect } from 'chai';
import { buildAllowList } from '../../../lib/access/allow-list.ts';
import { tryPeerAddress } from '../../../lib/net/address.ts';
import { parsedList } from '../../support/edge/test-allow-list.ts';

const blocks = [
  ...['0.0.0.0/0', '0.0.0.0/8', '1.0.0.0/8', '1.2.3.0/24', '1.2.3.4', '1.2.3.4/30', '127.0.0.0/8'],
  ...['203.0.113.128/25', '255.255.255.255', '::/0', '::/8', '::/96', '::', '::1', '::102:304'],
  ...['::ffff:0:0:0/96', '64:ff9b::/96', '2001:db8::/32', '2002:102:304::/48', 'fe80::/10'],
] as const;

type Block = (typeof blocks)[number];

const oneTwoThreeFour: readonly Block[] = [
  ...(['0.0.0.0/0', '1.0.0.0/8', '1.2.3.0/24', '1.2.3.4', '1.2.3.4/30'] as const),
];

/** A peer as a socket may show it, and the blocks that admit it. */
const peers: readonly (readonly [peer: string | undefined, admittedBy: readonly Block[]])[] = [
  ['1.2.3.4', oneTwoThreeFour],
  ['::ffff:1.2.3.4', oneTwoThreeFour],
  ['::FFFF:1.2.3.4', oneTwoThreeFour],
  ['::ffff:102:304', oneTwoThreeFour],
  ['0:0:0:0:0:ffff:0102:0304', oneTwoThreeFour],
  ['::ffff:1.2.3.4%eth0', oneTwoThreeFour],
  ['1.2.3.8', ['0.0.0.0/0', '1.0.0.0/8', '1.2.3.0/24']],
  ['127.0.0.1', ['0.0.0.0/0', '127.0.0.0/8']],
  ['0.0.0.0', ['0.0.0.0/0', '0.0.0.0/8']],
  ['::ffff:0.0.0.0', ['0.0.0.0/0', '0.0.0.0/8']],
  ['203.0.113.127', ['0.0.0.0/0']],
  ['203.0.113.128', ['0.0.0.0/0', '203.0.113.128/25']],
  ['::ffff:255.255.255.255', ['0.0.0.0/0', '255.255.255.255']],
  ['::', ['::/0', '::/8', '::/96', '::']],
  ['::1', ['::/0', '::/8', '::/96', '::1']],
  // IPv4-compatible (RFC 4291 §2.5.5.1) is no IPv4; libuv writes its last half as a quad.
  ['::1.2.3.4', ['::/0', '::/8', '::/96', '::102:304']],
  ['::102:304', ['::/0', '::/8', '::/96', '::102:304']],
  ['::ffff:0:1.2.3.4', ['::/0', '::/8', '::ffff:0:0:0/96']],
  ['64:ff9b::1.2.3.4', ['::/0', '::/8', '64:ff9b::/96']],
  ['2002:102:304::1', ['::/0', '2002:102:304::/48']],
  ['2001:DB8:0:0::1', ['::/0', '2001:db8::/32']],
  ['fe80::1%eth0', ['::/0', 'fe80::/10']],
  [undefined, []],
  ['', []],
];

const now = new Date('2026-11-01T00:00:00Z');

describe('one peer in many spellings', () => {
  for (const block of blocks) {
    const text = JSON.stringify({ allow: [block], allowAll: block.endsWith('/0') });
    const list = buildAllowList(parsedList(text, []));
    it(`is decided by ${block} as by its bytes`, () => {
      for (const [peer, admittedBy] of peers) {
        const admission = list.lookup(tryPeerAddress(peer), now);
        expect(admission !== undefined, String(peer)).to.equal(admittedBy.includes(block));
      }
    });
  }
});
