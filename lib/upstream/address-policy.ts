/**
 * Which addresses an upstream may have. Judged on canonical bytes, never on text: SSRF guards that
 * read URLs are bypassed by a DNS name or another spelling (go-containerregistry #2440).
 */
import type { AddressBytes } from '../net/address.ts';
import { cidrContains, parseCidr, type Cidr } from '../net/cidr.ts';

/** Whether a connection to `address` is permitted. */
export type AddressPolicy = (address: AddressBytes) => boolean;

/** IANA IPv4 special-purpose blocks (RFC 6890) and what is no unicast. */
const forbiddenIpv4 = [
  '0.0.0.0/8', // this network
  '10.0.0.0/8', // private
  '100.64.0.0/10', // carrier-grade NAT
  '127.0.0.0/8', // loopback
  '169.254.0.0/16', // link-local, cloud metadata
  '172.16.0.0/12', // private
  '192.0.0.0/24', // IETF protocol assignments
  '192.0.2.0/24', // TEST-NET-1
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarking
  '198.51.100.0/24', // TEST-NET-2
  '203.0.113.0/24', // TEST-NET-3
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, broadcast
].map(cidr);

/**
 * All global unicast IPv6. Everything outside is refused: `::`, `::1`, IPv4-compatible, NAT64
 * (64:ff9b::/96, 64:ff9b:1::/48), discard, unique local, link-local, multicast. A machine that
 * reaches IPv4 only through NAT64 needs `allowPrivateUpstream`.
 */
const globalIpv6 = cidr('2000::/3');

/** Blocks within it that are not plain hosts; those that embed an IPv4 address above all. */
const forbiddenIpv6 = [
  '2001::/23', // IETF protocol assignments, with Teredo, ORCHID and benchmarking
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4
  '3fff::/20', // documentation
].map(cidr);

/** Permits what is reachable on the public internet only. IPv4-mapped counts as its IPv4 form. */
export const publicAddressesOnly: AddressPolicy = (address) => {
  if (address.length === 4) return !forbiddenIpv4.some((block) => cidrContains(block, address));
  return (
    cidrContains(globalIpv6, address) &&
    !forbiddenIpv6.some((block) => cidrContains(block, address))
  );
};

/** For mirrors with `allowPrivateUpstream`. */
export const anyAddress: AddressPolicy = () => true;

function cidr(text: string): Cidr {
  const result = parseCidr(text);
  if (result.kind === 'invalid') throw new TypeError(result.reason);
  return result.cidr;
}
