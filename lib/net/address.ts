/**
 * Network addresses as canonical bytes. Every decision about a peer or an upstream is made on
 * these bytes, never on text: one address has many spellings.
 */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** 4 bytes for IPv4, 16 for IPv6. An IPv4-mapped IPv6 address (`::ffff:0:0/96`) is its IPv4 bytes. */
export type AddressBytes = Uint8Array;

/**
 * The canonical bytes of `text`, or undefined where it is no address in strict notation:
 * no leading zeros, short forms, octal or hexadecimal quads, and no zone identifier.
 */
export function tryAddress(text: string): AddressBytes | undefined {
  if (text.includes('%')) return undefined;
  switch (isIP(text)) {
    case 4:
      return quadBytes(text);
    case 6:
      return unmap(Uint8Array.from(ipaddr.parse(withoutQuad(text)).toByteArray()));
    default:
      return undefined;
  }
}

/**
 * The canonical bytes of a socket's peer. Node writes link-local peers with a zone (`fe80::1%eth0`);
 * the zone says where a packet came in and takes no part in a decision.
 */
export function tryPeerAddress(text: string | undefined): AddressBytes | undefined {
  if (text === undefined) return undefined;
  const zone = text.indexOf('%');
  return tryAddress(zone === -1 ? text : text.slice(0, zone));
}

/** The canonical spelling: dotted quad, or RFC 5952 for IPv6. */
export function addressText(bytes: AddressBytes): string {
  return bytes.length === 4 ? bytes.join('.') : ipaddr.fromByteArray([...bytes]).toString();
}

/** Of every peer that comes: `Uint8Array.from` with a callback takes more than twice as long. */
function quadBytes(quad: string): Uint8Array {
  const bytes = new Uint8Array(4);
  for (const [index, part] of quad.split('.').entries()) bytes[index] = Number(part);
  return bytes;
}

/**
 * A dotted quad at the end as two hexadecimal groups. ipaddr.js 2.5 reads `::a.b.c.d`, which is an
 * IPv6 address (RFC 4291 §2.5.5.1) and what the system prints for one, as the IPv4-mapped address.
 */
function withoutQuad(text: string): string {
  return text.replace(/[0-9.]*\.[0-9]+$/, (quad) => {
    const [a = 0, b = 0, c = 0, d = 0] = quad.split('.').map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
}

/** ::ffff:a.b.c.d is how a dual-stack socket shows an IPv4 peer: unwrapped exactly once. */
function unmap(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== 16 || bytes[10] !== 0xff || bytes[11] !== 0xff) return bytes;
  return bytes.subarray(0, 10).every((byte) => byte === 0) ? bytes.slice(12) : bytes;
}
