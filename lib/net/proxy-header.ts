/**
 * The PROXY protocol, versions 1 and 2 (haproxy.org, proxy-protocol.txt): what a load balancer says
 * before the first byte of a connection that it passes on. Anything but a whole, exact header is
 * refused: whoever may speak it may name any address.
 */
import { addressText, tryAddress } from './address.ts';

export type ProxyHeader =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'invalid' }
  | {
      readonly kind: 'header';
      readonly sizeBytes: number;
      /** Canonical address of the client; undefined where the balancer speaks for itself. */
      readonly source: string | undefined;
    };

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
/** §2.1: the longest line, with its end. */
const maxLineBytes = 107;
/** Addresses, and what common balancers put behind them. */
const maxBodyBytes = 4_096;

const invalid = { kind: 'invalid' } as const;
const incomplete = { kind: 'incomplete' } as const;

/** Reads the header at the start of `bytes`, which may go on behind it. */
export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  const common = bytes.subarray(0, signature.length);
  if (common.equals(signature.subarray(0, common.length))) {
    return bytes.length < 16 ? incomplete : binaryHeader(bytes);
  }
  return lineHeader(bytes);
}

function lineHeader(bytes: Buffer): ProxyHeader {
  const start = 'PROXY ';
  const begun = bytes.subarray(0, start.length).toString('latin1');
  if (begun !== start.slice(0, begun.length)) return invalid;
  const end = bytes.subarray(0, maxLineBytes).indexOf('\r\n');
  if (end === -1) return bytes.length < maxLineBytes ? incomplete : invalid;
  const sizeBytes = end + 2;
  const line = bytes.subarray(0, end).toString('latin1');
  // §2.1: what follows UNKNOWN means nothing.
  if (/^PROXY UNKNOWN(?: |$)/.test(line)) return { kind: 'header', sizeBytes, source: undefined };
  const match = /^PROXY TCP([46]) (\S+) (\S+) (\d{1,5}) (\d{1,5})$/.exec(line);
  const [, family, from = '', to = '', ...ports] = match ?? [];
  const [source, target] = [tryAddress(from), tryAddress(to)];
  if (source === undefined || target === undefined) return invalid;
  if ((family === '4') !== !from.includes(':') || (family === '4') !== !to.includes(':')) {
    return invalid;
  }
  if (ports.some((port) => Number(port) > 65_535)) return invalid;
  return { kind: 'header', sizeBytes, source: addressText(source) };
}

function binaryHeader(bytes: Buffer): ProxyHeader {
  const [version, command] = [bytes.readUInt8(12) >> 4, bytes.readUInt8(12) & 0xf];
  const family = bytes.readUInt8(13);
  const length = bytes.readUInt16BE(14);
  if (version !== 2 || command > 1 || length > maxBodyBytes) return invalid;
  const sizeBytes = 16 + length;
  if (bytes.length < sizeBytes) return incomplete;
  // LOCAL: a health check of the balancer itself.
  if (command === 0) return { kind: 'header', sizeBytes, source: undefined };
  const addressBytes = { 0x11: 4, 0x21: 16 }[family];
  if (addressBytes === undefined || length < 2 * addressBytes + 4) return invalid;
  const written = Uint8Array.from(bytes.subarray(16, 16 + addressBytes));
  // Through its text, so that a mapped IPv4 address is one here as well.
  const source = tryAddress(addressText(written));
  return source === undefined
    ? invalid
    : { kind: 'header', sizeBytes, source: addressText(source) };
}
