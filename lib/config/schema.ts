/**
 * What an operator may write in mirrorgate.yaml. Defaults stand here and nowhere else;
 * `config/mirrorgate.schema.json` is generated from it.
 */
import { z } from 'zod';
import { expected } from './messages.ts';
import {
  adminEndpoint,
  duration,
  freeSpace,
  hostName,
  lifetime,
  mirrorName,
  nameSubtree,
  origin,
  rate,
  registryName,
  share,
  size,
  tcpEndpoint,
  webUrl,
  wholeNumber,
} from './scalars.ts';

const path = z
  .string()
  .min(1)
  .describe("a path; a relative one counts from this file's own folder");
const port = wholeNumber(1, 65535);
const fileReference = z.strictObject({ file: path });

const secret = z
  .union([z.strictObject({ file: path }), z.strictObject({ env: z.string().min(1) })], {
    // Never with the value: it may well be the secret.
    error:
      'is not a secret reference; write {file: PATH} or {env: NAME}, secrets never stand inline',
  })
  .describe('where a secret is read from: {file: PATH} or {env: NAME}');

const issuerName = z.enum(['acme', 'private-ca', 'files'], {
  error: expected({ wrong: 'is not an issuer', fix: 'write acme, private-ca or files' }),
});

const listen = z.strictObject({
  https: z
    .array(tcpEndpoint)
    .min(1)
    .default([{ kind: 'tcp', address: '0.0.0.0', port: 443 }])
    .describe('addresses that all mirrors share, routed by host name'),
  http: z
    .array(tcpEndpoint)
    .default([{ kind: 'tcp', address: '0.0.0.0', port: 80 }])
    .describe('ACME HTTP-01 tokens, the CA bundle, else a redirect to https'),
  admin: adminEndpoint
    .default({ kind: 'tcp', address: '127.0.0.1', port: 9180 })
    .describe('health and metrics: a loopback address or unix:PATH'),
});

const processes = z.strictObject({
  edges: z
    .union([z.literal('auto'), wholeNumber(1, 64)], {
      error: expected({
        wrong: 'is neither auto nor a whole number from 1 to 64',
        fix: 'write one of them',
      }),
    })
    .default('auto')
    .describe('TLS processes; auto is one fewer than the processors, at least one'),
  workers: wholeNumber(1, 32).default(1).describe('cache processes'),
});

const acme = z.strictObject({
  directory: webUrl.prefault('https://acme-v02.api.letsencrypt.org/directory'),
  email: z
    .email({
      error: expected({ wrong: 'is not an e-mail address', fix: 'write name@example.com' }),
    })
    .optional(),
  agreeToTerms: z.boolean().default(false),
  trust: fileReference.optional().describe('an extra root for a private ACME server, as PEM'),
});

const privateCa = z.strictObject({
  name: z.string().min(1).max(64).default('mirrorgate private CA'),
  permitted: z
    .array(nameSubtree)
    .min(1)
    .optional()
    .describe('name constraints: DNS zones and CIDR blocks; the configured hosts where absent'),
  leafLifetime: lifetime.prefault('7d'),
  rootLifetime: lifetime.prefault('365d'),
  overlap: duration.prefault('30d').describe('how long old and new roots stand side by side'),
});

const certificates = z.strictObject({
  directory: path.optional().describe('every key and certificate, 0700'),
  issuer: issuerName.default('private-ca').describe('the default for all hosts'),
  acme: acme.optional(),
  privateCa: privateCa.prefault({}),
  files: z
    .array(z.strictObject({ certificate: path, key: path }))
    .default([])
    .describe('PEM files for the issuer "files"; each serves the hosts that its certificate names'),
});

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

const mirror = z.union(
  [registryName.transform((registry) => mirrorObject.parse({ registry })), mirrorObject],
  { error: (issue) => (isTextOrMapping(issue.input) ? undefined : mirrorError(issue)) },
);

const universal = z.strictObject({
  hosts: z.array(hostName).min(1),
  issuer: issuerName.optional(),
});

const service = z.strictObject({
  name: mirrorName,
  hosts: z.array(hostName).min(1),
  target: origin,
  issuer: issuerName.optional(),
});

const stage = z.strictObject({
  at: share,
  do: z.enum(['warn', 'hits-only', 'throttle', 'refuse']),
});

const bandwidth = z.strictObject({
  monthly: size,
  resetDay: wholeNumber(1, 28).default(1),
  perClient: rate.optional(),
  stages: z.array(stage).default([]),
});

export const configurationSchema = z.strictObject({
  listen: listen.prefault({}),
  processes: processes.prefault({}),
  certificates: certificates.prefault({}),
  state: z
    .strictObject({ directory: path.default('/var/lib/mirrorgate') })
    .prefault({})
    .describe('counters, control socket, history'),
  cache: z
    .strictObject({
      directory: path.default('/var/cache/mirrorgate'),
      maxSize: size.optional(),
      minFree: freeSpace.prefault('5%').describe('left free on the disk: a percentage or a size'),
      finishAbandoned: share
        .prefault('0%')
        .describe('share of a blob from which on it is fetched to its end though its clients left'),
      scrub: z
        .union([z.literal('off'), duration], {
          error: expected({ wrong: 'is neither off nor a duration', fix: 'write off or 30d' }),
        })
        .prefault('30d')
        .describe('in which all of the cache is read and hashed once; off for never'),
    })
    .prefault({}),
  mirrors: z.array(mirror).default([]),
  universal: universal
    .optional()
    .describe('one host for every mirror: by ns, else path prefix, else docker.io'),
  services: z
    .array(service)
    .default([])
    .describe('other backends behind the same TLS and allow-list'),
  allowList: path.default('allow-list.yaml').describe('its own file, reloaded on change'),
  bandwidth: bandwidth.optional(),
  ca: z
    .strictObject({ access: z.enum(['allow-list', 'public']).default('allow-list') })
    .prefault({}),
  log: z
    .strictObject({
      level: z.enum(['error', 'warn', 'info', 'debug']).default('info'),
      access: z.boolean().default(true),
      format: z.enum(['json', 'text']).default('json'),
    })
    .prefault({}),
});

/** What the schema makes of a valid file, before the parts are joined. */
export type WrittenConfiguration = z.output<typeof configurationSchema>;
export type WrittenMirror = z.output<typeof mirrorObject>;
