/** What an operator may write of one mirror: its registry alone, or keys with a registry among them. */
import { z } from 'zod';
import { expected } from './messages.ts';
import {
  duration,
  fileReference,
  hostName,
  issuerName,
  mirrorName,
  origin,
  registryName,
  secret,
  size,
  wholeNumber,
} from './scalars.ts';

const port = wholeNumber(1, 65535);

const credentials = z.strictObject({
  username: z.string().min(1),
  password: secret,
  use: z
    .enum(['always', 'when-needed'])
    .default('always')
    .describe('when-needed: only for what is denied or limited without the account'),
});

const tags = z.strictObject({
  ttl: duration.prefault('60s').describe('how long a tag is answered without asking upstream'),
  staleIfError: duration
    .prefault('7d')
    .describe('how long a tag is answered while the upstream cannot be asked'),
  immutable: z.array(z.string().min(1)).default([]).describe('tag globs that never move: v*.*.*'),
});

const parallel = z.strictObject({
  connections: wholeNumber(2, 16).default(4).describe('each holds 8 MiB in memory'),
  from: size.prefault('256MiB').describe('the size from which on a blob is fetched so'),
});

const mirrorObject = z.strictObject({
  name: mirrorName.optional().describe('known registries have one'),
  registry: registryName.describe('the name clients use; also the ns value and the path prefix'),
  upstream: origin
    .optional()
    .describe('known registries need none; others default to https://REGISTRY'),
  upstreams: z
    .array(origin)
    .min(1)
    .optional()
    .describe('in place of upstream: several that hold the same, in order of preference'),
  hosts: z.array(hostName).default([]).describe('each is a name in the certificate'),
  ports: z
    .array(port)
    .default([])
    .describe('own https ports, for clients that send no server name'),
  issuer: issuerName.optional(),
  credentials: credentials.optional(),
  repositories: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('globs of the repositories that may be pulled; others are denied'),
  tags: tags.prefault({}),
  upstreamTrust: fileReference.optional().describe('extra roots for the upstream, as PEM'),
  tokenHosts: z
    .array(hostName)
    .default([])
    .describe('hosts beside the upstream that may issue its tokens'),
  allowPrivateUpstream: z
    .boolean()
    .default(false)
    .describe('permits an upstream in private address space, and plain http'),
  egress: z
    .enum(['any', 'ipv4-first'])
    .default('any')
    .describe('ipv4-first where neighbours share the quota of an IPv6 network'),
  reserve: wholeNumber(0, 1_000_000)
    .default(0)
    .describe("pulls of the upstream's quota kept back while stale content can stand in"),
  parallel: parallel
    .optional()
    .describe('fetch a very large blob over several connections at once; one unless written'),
  pins: z
    .array(z.string().min(1))
    .default([])
    .describe('images that are never evicted, as globs of repository:tag'),
});

const mirrorError = expected({
  wrong: 'is not a mirror',
  fix: 'write a registry (docker.io), or keys with a registry among them',
});

/** What a text or a mapping lacks, the alternative that was meant tells better. */
function isTextOrMapping(value: unknown): boolean {
  return (
    typeof value === 'string' ||
    (typeof value === 'object' && value !== null && !Array.isArray(value))
  );
}

export const mirror = z.union(
  [registryName.transform((registry) => mirrorObject.parse({ registry })), mirrorObject],
  { error: (issue) => (isTextOrMapping(issue.input) ? undefined : mirrorError(issue)) },
);

/** What the schema makes of a valid mirror. */
export type WrittenMirror = z.output<typeof mirrorObject>;
