/** The names a root may sign for: what its name constraints say, and how they are written. */
import { cidrContains, cidrText, maskAddress, type Cidr } from '../net/cidr.ts';
import type { NameSubtree } from '../config/scalars.ts';
import { sequence, tagged, taggedBytes, type Der } from './der.ts';

/** As in the configuration: `mirror.example.com`, `192.168.128.0/24`. */
export function subtreeText(subtree: NameSubtree): string {
  return subtree.kind === 'dns' ? subtree.zone : cidrText(subtree.cidr);
}

/** Whether every name in `inner` lies in one of `outer` (RFC 5280 §4.2.1.10). */
export function isCovered(inner: NameSubtree, outer: readonly NameSubtree[]): boolean {
  return outer.some((subtree) => {
    if (subtree.kind === 'dns') {
      return (
        inner.kind === 'dns' &&
        (inner.zone === subtree.zone || inner.zone.endsWith(`.${subtree.zone}`))
      );
    }
    return (
      inner.kind === 'ip' &&
      inner.cidr.prefixLength >= subtree.cidr.prefixLength &&
      cidrContains(subtree.cidr, inner.cidr.network)
    );
  });
}

const everyDnsName = taggedBytes(2, Buffer.alloc(0));
const everyIPv4Address = taggedBytes(7, Buffer.alloc(8));
const everyIPv6Address = taggedBytes(7, Buffer.alloc(32));

/**
 * The NameConstraints value (RFC 5280 §4.2.1.10). A kind of name with no permitted subtree is
 * excluded whole, since a constraint on one kind leaves all others open: a root for DNS zones
 * alone could sign for any address. The zero-length forms are those of the CA/Browser Forum
 * Baseline Requirements §7.1.2.5.2.
 */
export function nameConstraints(permitted: readonly NameSubtree[]): Der {
  const zones = permitted.flatMap((subtree) => (subtree.kind === 'dns' ? [subtree.zone] : []));
  const blocks = permitted.flatMap((subtree) => (subtree.kind === 'ip' ? [subtree.cidr] : []));
  const excluded = [
    ...(zones.length === 0 ? [everyDnsName] : []),
    ...(blocks.some(({ network }) => network.length === 4) ? [] : [everyIPv4Address]),
    ...(blocks.some(({ network }) => network.length === 16) ? [] : [everyIPv6Address]),
  ];
  const allowed = [
    ...zones.map((zone) => taggedBytes(2, Buffer.from(zone, 'ascii'))),
    ...blocks.map((cidr) => taggedBytes(7, networkAndMask(cidr))),
  ];
  return sequence(
    ...(allowed.length === 0 ? [] : [tagged(0, ...allowed.map((base) => sequence(base)))]),
    ...(excluded.length === 0 ? [] : [tagged(1, ...excluded.map((base) => sequence(base)))]),
  );
}

function networkAndMask({ network, prefixLength }: Cidr): Uint8Array {
  const ones = new Uint8Array(network.length).fill(0xff);
  return Buffer.concat([network, maskAddress(ones, prefixLength)]);
}
