/** The scalar values of the configuration: how they are written, and what they become. */
import { z } from 'zod';
import { parseCidr, type Cidr } from '../net/cidr.ts';
import { tryEndpoint, tryTcpEndpoint } from '../net/endpoint.ts';
import { tryHostName } from '../net/host-name.ts';
import {
  durationPattern,
  ratePattern,
  sharePattern,
  sizePattern,
  tryDurationMs,
  tryRateBytesPerSecond,
  tryShare,
  trySizeBytes,
} from './quantities.ts';

/** A string that `read` turns into a value; `message` says what was wrong and, after `; `, what to write. */
function text<T>(read: (text: string) => T | undefined, message: string, pattern?: string) {
  const base = z.string({ error: message });
  const written =
    pattern === undefined ? base : base.regex(new RegExp(pattern), { error: message });
  return written.transform((value, context): T => {
    const result = read(value);
    if (result !== undefined) return result;
    context.addIssue({ code: 'custom', message: `"${value}" ${message}`, input: value });
    return z.NEVER;
  });
}

export const duration = text(
  tryDurationMs,
  'is not a duration; write a number with ms, s, m, h or d: 90s, 10m, 12h, 7d',
  durationPattern,
);

export const size = text(
  trySizeBytes,
  'is not a size; write a number with MB, GB, TB, MiB, GiB or TiB: 500MB, 40GiB',
  sizePattern,
);

export const rate = text(
  tryRateBytesPerSecond,
  'is not a rate; write a number with kbit/s, Mbit/s, Gbit/s or MiB/s: 200Mbit/s',
  ratePattern,
);

export const share = text(
  tryShare,
  'is not a percentage; write a number from 0% to 100%: 5%',
  sharePattern,
);

/** Space to leave free: a share of the disk, or bytes. */
export type FreeSpace = { readonly share: number } | { readonly bytes: number };

export const freeSpace = text((value): FreeSpace | undefined => {
  const part = tryShare(value);
  if (part !== undefined) return { share: part };
  const bytes = trySizeBytes(value);
  return bytes === undefined ? undefined : { bytes };
}, 'is neither a percentage nor a size; write 5% or 2GiB');

export const tcpEndpoint = text(
  tryTcpEndpoint,
  'is not an address to listen on; write address:port: 0.0.0.0:443, [::]:443',
);

export const adminEndpoint = text((value) => {
  const endpoint = tryEndpoint(value);
  if (endpoint?.kind === 'tcp' && !/^(?:127\.|::1$)/.test(endpoint.address)) return undefined;
  return endpoint;
}, 'is not a loopback address or unix socket; write 127.0.0.1:9180 or unix:PATH, and reach it through ssh');

export const hostName = text(
  tryHostName,
  'is not a host name; write a DNS name of letters, digits, hyphens and dots, or an IP address',
);

/** A subtree of names a CA may sign for: a DNS zone, or addresses. */
export type NameSubtree =
  { readonly kind: 'dns'; readonly zone: string } | { readonly kind: 'ip'; readonly cidr: Cidr };

export const nameSubtree = text((value): NameSubtree | undefined => {
  const result = parseCidr(value);
  if (result.kind === 'cidr') return { kind: 'ip', cidr: result.cidr };
  const zone = value.includes('/') ? undefined : tryHostName(value);
  return zone === undefined ? undefined : { kind: 'dns', zone };
}, 'is neither a DNS zone nor a CIDR block; write mirror.example.com or 192.168.128.0/24');

export const mirrorName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, {
  error: 'is not a name; write up to 63 lower-case letters, digits and hyphens',
});

/** An http or https URL that is an origin alone. */
export const origin = text((value): URL | undefined => {
  if (!URL.canParse(value)) return undefined;
  const url = new URL(value);
  const plain = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  const http = url.protocol === 'https:' || url.protocol === 'http:';
  return plain && http && url.pathname === '/' ? url : undefined;
}, 'is not the address of a server; write https://host or https://host:port without path or credentials');

export const webUrl = text((value): URL | undefined => {
  if (!URL.canParse(value)) return undefined;
  const url = new URL(value);
  return url.protocol === 'https:' && url.username === '' && url.password === '' ? url : undefined;
}, 'is not an https URL; write https://host/path without credentials');
