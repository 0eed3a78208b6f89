/**
 * What an operator may write in mirrorgate.yaml. Defaults stand here and nowhere else;
 * `config/mirrorgate.schema.json` is generated from it.
 */
import { z } from 'zod';
import { acme } from './acme-schema.ts';
import { limitsSchema } from './limits-schema.ts';
import { expected } from './messages.ts';
import { mirror } from './mirror-schema.ts';
import {
  adminEndpoint,
  cidr,
  duration,
  fileReference,
  freeSpace,
  hostName,
  interfaceName,
  issuerName,
  lifetime,
  mirrorName,
  nameSubtree,
  origin,
  path,
  rate,
  secret,
  share,
  size,
  tcpEndpoint,
  timeZone,
  webUrl,
  wholeNumber,
} from './scalars.ts';

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
  proxyProtocol: z
    .strictObject({
      https: z.array(tcpEndpoint).min(1),
      from: z.array(cidr).min(1).describe('addresses of the load balancers; others are not heard'),
    })
    .optional()
    .describe('https addresses for load balancers that speak the PROXY protocol, 1 or 2'),
  trustedProxies: z
    .array(
      cidr.refine(({ prefixLength }) => prefixLength > 0, {
        error: 'is the whole internet; name the addresses of your proxies',
      }),
    )
    .default([])
    .describe('reverse proxies that may connect and whose X-Forwarded-For is believed'),
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

const passphrase = z
  .union(
    [
      fileReference,
      z.strictObject({ env: z.string().min(1) }),
      z.strictObject({ credential: z.string().regex(/^[\w.-]+$/) }),
      z.strictObject({ fd: wholeNumber(3, 1023) }),
    ],
    {
      error: () =>
        'is no place of a passphrase; write {file: PATH}, {env: NAME}, {credential: NAME} or {fd: NUMBER}, it never stands inline',
    },
  )
  .describe('where the passphrase of the private CA is read from, once at start');

const privateCa = z.strictObject({
  name: z.string().min(1).max(64).default('mirrorgate private CA'),
  permitted: z
    .array(nameSubtree)
    .min(1)
    .optional()
    .describe('name constraints: DNS zones and CIDR blocks; the configured hosts where absent'),
  leafLifetime: lifetime.prefault('7d'),
  rootLifetime: lifetime.prefault('365d'),
  intermediateLifetime: lifetime
    .prefault('90d')
    .describe('of what signs in the place of a root that is kept elsewhere (--offline-root)'),
  overlap: duration.prefault('30d').describe('how long old and new roots stand side by side'),
  evidenceWindow: duration
    .prefault('30d')
    .describe('a rotation waits for clients that were seen within this and lack the new root'),
  passphrase: passphrase.optional(),
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
  rate: rate
    .optional()
    .describe('of a throttle, for all clients together; what is left of the month where absent'),
});

const bandwidth = z.strictObject({
  monthly: size.optional().describe('what may be sent in a month'),
  resetDay: wholeNumber(1, 28).default(1).describe('of the month, when the count begins anew'),
  timeZone: timeZone.default('UTC').describe('in which that day begins: Europe/Berlin'),
  interface: interfaceName
    .optional()
    .describe('whose counter is the budget, ssh and updates included; else what clients are sent'),
  perClient: rate.optional().describe('of one client over all of its connections'),
  perClientMonthly: size.optional().describe('what one client may be sent in a month'),
  upstream: rate.optional().describe('of everything that is fetched from upstreams together'),
  grace: duration
    .prefault('1h')
    .describe('how long images go on that were begun before the budget was spent'),
  stages: z
    .array(stage)
    .prefault([
      { at: '80%', do: 'warn' },
      { at: '100%', do: 'refuse' },
    ])
    .describe('what happens at which share of the month'),
});

const notify = z.strictObject({
  command: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('program and its arguments; gets each notice as JSON on its standard input'),
  webhook: z
    .union([webUrl, secret], {
      error: expected({
        wrong: 'is no address',
        fix: 'write an https URL, {file: PATH} or {env: NAME}',
      }),
    })
    .optional()
    .describe('where each notice is posted as JSON: a URL, or where it is read from'),
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
  clientCertificates: z
    .strictObject({
      ca: z.literal('private-ca', {
        error: expected({ wrong: 'is no CA for clients', fix: 'write private-ca' }),
      }),
    })
    .optional()
    .describe('lets in who is on no listed address, by a certificate that the allow-list names'),
  bandwidth: bandwidth.prefault({}),
  limits: limitsSchema.prefault({}).describe('what a client may take; rarely changed'),
  ca: z
    .strictObject({ access: z.enum(['allow-list', 'public']).default('allow-list') })
    .prefault({}),
  notify: notify
    .optional()
    .describe('who is told of trouble: certificates, budget, upstreams, the root'),
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
