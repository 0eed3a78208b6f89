/** The scalar values of the configuration: how they are written, and what they become. */
import { z } from 'zod';
import { parseCidr, type Cidr } from '../net/cidr.ts';
import { tryEndpoint, tryTcpEndpoint } from '../net/endpoint.ts';
import { isTimeZone } from '../time/time-zone.ts';
import { tryHostHeader, tryHostName } from '../net/host-name.ts';
import { expected, wrongValue, type Words } from './messages.ts';
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

interface TextWords extends Words {
  /** For editors, by way of the JSON Schema. */
  readonly pattern?: string;
}

/** A string that `read` turns into a value. */
function text<T>(read: (text: string) => T | undefined, { pattern, ...words }: TextWords) {
  const error = expected(words);
  const base = z.string({ error });
  const written = pattern === undefined ? base : base.regex(new RegExp(pattern), { error });
  return written.transform((value, context): T => {
    const result = read(value);
    if (result !== undefined) return result;
    context.addIssue({ code: 'custom', message: wrongValue(value, words), input: value });
    return z.NEVER;
  });
}

/** A whole number within bounds that are told. */
export function wholeNumber(min: number, max: number) {
  const error = expected({
    wrong: `is not a whole number from ${min} to ${max}`,
    fix: 'write one of them',
  });
  return z.int({ error }).min(min, { error }).max(max, { error });
}

/** Longer ones leave the calendar of dates and certificates. */
const maxDurationMs = 100 * 365.25 * 86_400_000;

function durationAtLeast(minMs: number, wrong: string) {
  return text(
    (value) => {
      const ms = tryDurationMs(value);
      return ms !== undefined && ms >= minMs && ms <= maxDurationMs ? ms : undefined;
    },
    {
      wrong,
      fix: 'write a number with ms, s, m, h or d: 90s, 10m, 12h, 7d',
      pattern: durationPattern,
    },
  );
}

export const duration = durationAtLeast(0, 'is not a duration of up to 100 years');

/** Of a certificate: what ends as it begins serves nobody. */
export const lifetime = durationAtLeast(1_000, 'is not a duration from 1s to 100 years');

export const size = text(trySizeBytes, {
  wrong: 'is not a size',
  fix: 'write a number with MB, GB, TB, MiB, GiB or TiB: 500MB, 40GiB',
  pattern: sizePattern,
});

export const rate = text(tryRateBytesPerSecond, {
  wrong: 'is not a rate',
  fix: 'write a number with kbit/s, Mbit/s, Gbit/s or MiB/s: 200Mbit/s',
  pattern: ratePattern,
});

export const share = text(tryShare, {
  wrong: 'is not a percentage',
  fix: 'write a number from 0% to 100%: 5%',
  pattern: sharePattern,
});

/** Space to leave free: a share of the disk, or bytes. */
export type FreeSpace = { readonly share: number } | { readonly bytes: number };

export const freeSpace = text(
  (value): FreeSpace | undefined => {
    const part = tryShare(value);
    if (part !== undefined) return { share: part };
    const bytes = trySizeBytes(value);
    return bytes === undefined ? undefined : { bytes };
  },
  { wrong: 'is neither a percentage nor a size', fix: 'write 5% or 2GiB' },
);

export const tcpEndpoint = text(tryTcpEndpoint, {
  wrong: 'is not an address to listen on',
  fix: 'write address:port, in quotes: "0.0.0.0:443", "[::]:443"',
});

export const adminEndpoint = text(
  (value) => {
    const endpoint = tryEndpoint(value);
    if (endpoint?.kind === 'tcp' && !/^(?:127\.|::1$)/.test(endpoint.address)) return undefined;
    return endpoint;
  },
  {
    wrong: 'is not a loopback address or unix socket',
    fix: 'write 127.0.0.1:9180 or unix:PATH, and reach it through ssh',
  },
);

export const hostName = text(tryHostName, {
  wrong: 'is not a host name',
  fix: 'write a DNS name of letters, digits, hyphens and dots, or an IP address',
});

/** A subtree of names a CA may sign for: a DNS zone, or addresses. */
export type NameSubtree =
  { readonly kind: 'dns'; readonly zone: string } | { readonly kind: 'ip'; readonly cidr: Cidr };

const subtreeWords = {
  wrong: 'is neither a DNS zone nor a CIDR block',
  fix: 'write mirror.example.com or 192.168.128.0/24',
};

export const nameSubtree = z
  .string({ error: expected(subtreeWords) })
  .transform((value, context): NameSubtree => {
    const block = parseCidr(value);
    if (block.kind === 'cidr') return { kind: 'ip', cidr: block.cidr };
    const isBlock = value.includes('/') || value.includes(':');
    const zone = isBlock ? undefined : tryHostName(value);
    if (zone !== undefined) return { kind: 'dns', zone };
    const message = isBlock ? `${block.reason}; ${block.fix}` : wrongValue(value, subtreeWords);
    context.addIssue({ code: 'custom', message, input: value });
    return z.NEVER;
  });

export const cidr = z
  .string({
    error: expected({ wrong: 'is not a CIDR block', fix: 'write 192.0.2.0/24 or 192.0.2.7' }),
  })
  .transform((value, context): Cidr => {
    const block = parseCidr(value);
    if (block.kind === 'cidr') return block.cidr;
    context.addIssue({ code: 'custom', message: `${block.reason}; ${block.fix}`, input: value });
    return z.NEVER;
  });

const mirrorNameError = expected({
  wrong: 'is not a name',
  fix: 'write up to 63 lower-case letters, digits and hyphens',
});

export const mirrorName = z
  .string({ error: mirrorNameError })
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, { error: mirrorNameError });

const registryNameError = expected({
  wrong: 'is not a registry name',
  fix: 'write it as clients do: docker.io, ghcr.io, registry.example.com:5000',
});

/** A host as clients write it before the repository: lower case, with a port or without. */
export const registryName = z
  .string({ error: registryNameError })
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$/, { error: registryNameError })
  .refine((value) => tryHostHeader(value) !== undefined, { error: registryNameError });

/** An http or https URL that is an origin alone. */
export const origin = text(
  (value): URL | undefined => {
    if (!URL.canParse(value)) return undefined;
    const url = new URL(value);
    const plain =
      url.username === '' && url.password === '' && url.search === '' && url.hash === '';
    const http = url.protocol === 'https:' || url.protocol === 'http:';
    return plain && http && url.pathname === '/' ? url : undefined;
  },
  {
    wrong: 'is not the address of a server',
    fix: 'write https://host or https://host:port without path or credentials',
  },
);

export const webUrl = text(
  (value): URL | undefined => {
    if (!URL.canParse(value)) return undefined;
    const url = new URL(value);
    return url.protocol === 'https:' && url.username === '' && url.password === ''
      ? url
      : undefined;
  },
  { wrong: 'is not an https URL', fix: 'write https://host/path without credentials' },
);

/** Linux: up to 15 bytes, no slash and no space; here no more than what is common. */
export const interfaceName = text(
  (value) => (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/.test(value) ? value : undefined),
  { wrong: 'is not the name of a network interface', fix: 'write it as "ip link" does: eth0' },
);

export const timeZone = text((value) => (isTimeZone(value) ? value : undefined), {
  wrong: 'is not a time zone',
  fix: 'write UTC, or a name like Europe/Berlin',
});

export const path = z
  .string()
  .min(1)
  .describe("a path; a relative one counts from this file's own folder");
export const fileReference = z.strictObject({ file: path });

export const secret = z
  .union([fileReference, z.strictObject({ env: z.string().min(1) })], {
    // Never with the value: it may well be the secret.
    error:
      'is not a secret reference; write {file: PATH} or {env: NAME}, secrets never stand inline',
  })
  .describe('where a secret is read from: {file: PATH} or {env: NAME}');

export const issuerName = z.enum(['acme', 'private-ca', 'files'], {
  error: expected({ wrong: 'is not an issuer', fix: 'write acme, private-ca or files' }),
});
