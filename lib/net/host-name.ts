/**
 * Host names of mirrors: DNS names or IP addresses, in one canonical spelling, so that SNI,
 * Host header, certificate and configuration compare by `===`.
 */
import { addressText, tryAddress } from './address.ts';
import { RecentTexts } from './recent-texts.ts';

declare const brand: unique symbol;

/** Lower-case DNS name without trailing dot, or a canonical IP address (IPv6 without brackets). */
export type HostName = string & { readonly [brand]: 'HostName' };

const label = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/** Letters, digits and hyphens per label (RFC 952, RFC 1123 §2.1), 253 characters at most. */
export function tryHostName(text: string): HostName | undefined {
  const address = tryAddress(text);
  if (address !== undefined) return addressText(address) as HostName;
  return tryDnsName(text);
}

/** As {@link tryHostName}, but never an address: what a TLS server name may be (RFC 6066 §3). */
export function tryDnsName(text: string): HostName | undefined {
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  if (name.length === 0 || name.length > 253) return undefined;
  const labels = name.split('.');
  // A last label of digits would read as an address somewhere (WHATWG URL, "ends in a number").
  if (/^(?:[0-9]+|0x[0-9a-f]*)$/i.test(labels.at(-1) ?? '')) return undefined;
  // Judged before it is lowered: the Kelvin sign becomes a k, and would be another name by then.
  return labels.every((part) => label.test(part)) ? (name.toLowerCase() as HostName) : undefined;
}

const recentHosts = new RecentTexts<HostName>();

/** The host of a Host header, its port dropped (RFC 9110 §7.2), or undefined where malformed. */
export function tryHostHeader(header: string): HostName | undefined {
  const known = recentHosts.get(header);
  if (known !== undefined) return known;
  const host = readHostHeader(header);
  return host && recentHosts.set(header, host);
}

function readHostHeader(header: string): HostName | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([^:[\]]{1,254}))(?::([0-9]{0,5}))?$/.exec(header);
  if (match === null || Number(match[3] ?? 0) > 65535) return undefined;
  const [, bracketed, plain] = match;
  if (bracketed !== undefined) {
    return bracketed.includes(':') ? tryHostName(bracketed) : undefined;
  }
  return tryHostName(plain ?? '');
}

export function isAddress(host: HostName): boolean {
  return tryAddress(host) !== undefined;
}

/** The host as it stands in a URL: IPv6 in brackets. */
export function urlHost(host: HostName | string): string {
  return host.includes(':') ? `[${host}]` : host;
}
