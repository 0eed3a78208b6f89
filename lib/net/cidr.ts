/** CIDR blocks on canonical bytes, in strict notation (RFC 4632 §3.1, RFC 4291 §2.3). */
import { addressText, tryAddress, type AddressBytes } from './address.ts';

export interface Cidr {
  /** Network bytes; every bit after `prefixLength` is zero. */
  readonly network: AddressBytes;
  readonly prefixLength: number;
}

export type CidrResult =
  | { readonly kind: 'cidr'; readonly cidr: Cidr }
  | { readonly kind: 'invalid'; readonly reason: string; readonly fix: string };

/**
 * Reads `address` or `address/prefix`. Refuses, with the fix, what people get wrong:
 * leading zeros, short forms, host bits beyond the prefix, names, and IPv4-mapped blocks.
 */
export function parseCidr(text: string): CidrResult {
  const [addressPart = '', prefixPart, ...rest] = text.split('/');
  const bytes = tryAddress(addressPart);
  if (bytes === undefined || rest.length > 0) {
    return invalid(
      `"${text}" is not an IP address or CIDR block`,
      'write four decimal numbers without leading zeros (203.0.113.0/24) or IPv6 (2001:db8::/32)',
    );
  }
  const mapped = bytes.length === 4 && addressPart.includes(':');
  if (mapped) {
    return invalid(
      `"${text}" is an IPv4-mapped address`,
      `write the IPv4 form: ${addressText(bytes)}${mappedPrefix(prefixPart)}`,
    );
  }
  const widest = bytes.length * 8;
  if (prefixPart === undefined) {
    return { kind: 'cidr', cidr: { network: bytes, prefixLength: widest } };
  }
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(prefixPart) || Number(prefixPart) > widest) {
    return invalid(
      `"${text}" has no valid prefix length`,
      `write a whole number from 0 to ${widest} after the slash`,
    );
  }
  const prefixLength = Number(prefixPart);
  const network = maskAddress(bytes, prefixLength);
  if (!equalBytes(network, bytes)) {
    return invalid(
      `"${text}" has address bits beyond its prefix`,
      `write ${addressText(network)}/${prefixLength} for the block, or ${addressText(bytes)}/${widest} for the one address`,
    );
  }
  return { kind: 'cidr', cidr: { network, prefixLength } };
}

export function cidrText(cidr: Cidr): string {
  return `${addressText(cidr.network)}/${cidr.prefixLength}`;
}

/** Whether `address` lies in `cidr`; never across address families. */
export function cidrContains(cidr: Cidr, address: AddressBytes): boolean {
  const { network, prefixLength } = cidr;
  if (network.length !== address.length) return false;
  const whole = prefixLength >> 3;
  for (let index = 0; index < whole; index += 1) {
    if (network[index] !== address[index]) return false;
  }
  const rest = prefixLength & 7;
  if (rest === 0) return true;
  const mask = (0xff << (8 - rest)) & 0xff;
  return ((network[whole] ?? 0) & mask) === ((address[whole] ?? 0) & mask);
}

/** `address` with every bit after `prefixLength` cleared. */
export function maskAddress(address: AddressBytes, prefixLength: number): AddressBytes {
  return address.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, prefixLength - index * 8));
    return byte & (0xff << (8 - kept)) & 0xff;
  });
}

/** `/104` of an IPv4-mapped block is `/8` of the IPv4 block. */
function mappedPrefix(prefix: string | undefined): string {
  const length = Number(prefix ?? 128) - 96;
  return Number.isInteger(length) && length >= 0 && length < 32 ? `/${length}` : '';
}

function equalBytes(left: AddressBytes, right: AddressBytes): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

function invalid(reason: string, fix: string): CidrResult {
  return { kind: 'invalid', reason, fix };
}
