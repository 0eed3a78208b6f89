/** What CAs send, as JSON, turned into the values of {@link AcmeServer}. Unknown keys are left out. */
import { z } from 'zod';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { Identifier } from './acme-server.ts';

const url = z.url({ protocol: /^https$/ });
const instant = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

const identifier = z
  .object({ type: z.string(), value: z.string() })
  .transform(({ type, value }): Identifier => ({
    type: type === 'ip' ? 'ip' : 'dns',
    value: value.toLowerCase(),
  }));

export const directoryDocument = z.object({
  newNonce: url,
  newAccount: url,
  newOrder: url,
  renewalInfo: url.optional(),
  meta: z
    .object({
      termsOfService: z.string().optional(),
      externalAccountRequired: z.boolean().default(false),
      profiles: z.record(z.string(), z.string()).default({}),
    })
    .default({ externalAccountRequired: false, profiles: {} }),
});

export const accountDocument = z.object({ orders: url.optional() });
export const orderListDocument = z.object({ orders: z.array(url).nullable() });

export const orderDocument = z.object({
  status: z.enum(['pending', 'ready', 'processing', 'valid', 'invalid']),
  identifiers: z.array(identifier),
  authorizations: z.array(url),
  finalize: url,
  certificate: url.optional(),
  error: z.unknown().optional(),
});

export const challengeDocument = z.object({
  type: z.string(),
  url,
  status: z.enum(['pending', 'processing', 'valid', 'invalid']),
  // dns-persist-01 has none.
  token: z.string().default(''),
  error: z.unknown().optional(),
});

export const authorizationDocument = z.object({
  identifier,
  status: z.enum(['pending', 'valid', 'invalid', 'deactivated', 'expired', 'revoked']),
  wildcard: z.boolean().default(false),
  challenges: z.array(challengeDocument),
});

export const renewalInfoDocument = z.object({
  suggestedWindow: z.object({ start: instant, end: instant }),
  explanationURL: z.string().optional().catch(undefined),
});

/** @throws MirrorgateError `MIRRORGATE_ACME_ANSWER` */
export function parseAnswer<T extends z.ZodType>(
  schema: T,
  data: unknown,
  { host, what }: { readonly host: string; readonly what: string },
): z.output<T> {
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = issue === undefined ? '' : ` at ${issue.path.join('.')}: ${issue.message}`;
  throw unexpectedAnswer(`${host} sent no valid ${what}${place}`);
}

export function unexpectedAnswer(message: string, cause?: unknown): MirrorgateError {
  return new MirrorgateError('MIRRORGATE_ACME_ANSWER', message, {
    ...(cause === undefined ? {} : { cause }),
    hint: 'check that acme.directory is the URL of an ACME directory (RFC 8555)',
  });
}
