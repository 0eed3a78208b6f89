/** What an operator may write of certificates from ACME CAs: one CA, and others to fall back on. */
import { z } from 'zod';
import { expected } from './messages.ts';
import { duration, fileReference, hostName, secret, webUrl } from './scalars.ts';

const staging = z
  .union([z.literal('off'), webUrl], {
    error: expected({
      wrong: 'is neither off nor an https URL',
      fix: 'write off, or the URL of a directory',
    }),
  })
  .optional()
  .describe('where to try after repeated failures; known for Let’s Encrypt, off for nowhere');

const ca = {
  email: z
    .email({
      error: expected({ wrong: 'is not an e-mail address', fix: 'write name@example.com' }),
    })
    .optional(),
  agreeToTerms: z.boolean().default(false).describe("that you agree to the CA's terms of service"),
  trust: fileReference.optional().describe('an extra root for a private ACME server, as PEM'),
  profile: z
    .string()
    .min(1)
    .optional()
    .describe("one of the CA's: classic, tlsserver, shortlived at Let’s Encrypt"),
  externalAccount: z
    .strictObject({ keyId: z.string().min(1), key: secret })
    .optional()
    .describe('for CAs whose customers have an account already: ZeroSSL, Google'),
  preferredChain: z
    .string()
    .min(1)
    .optional()
    .describe('common name of an issuer, where the CA offers several chains'),
  staging,
};

const dns = z.strictObject({
  command: z
    .array(z.string().min(1))
    .min(1)
    .describe('is run with "present NAME VALUE", later "cleanup NAME VALUE", without a shell'),
  environment: z
    .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/))
    .default([])
    .describe('variables of our own environment that the command gets beside PATH'),
  timeout: duration.prefault('2m').describe('for one run of the command'),
  propagation: duration
    .prefault('30s')
    .describe('waited after it, until all name servers of the zone have the record'),
});

export const acme = z.strictObject({
  directory: webUrl.prefault('https://acme-v02.api.letsencrypt.org/directory'),
  ...ca,
  fallback: z
    .array(z.strictObject({ directory: webUrl, ...ca }))
    .max(4)
    .default([])
    .describe('other CAs, asked in this order where those before fail'),
  keyType: z.enum(['p256', 'rsa2048']).default('p256'),
  challenges: z
    .array(z.enum(['http-01', 'tls-alpn-01', 'dns-01']))
    .min(1)
    .optional()
    .describe('in order of preference; dns-01 where dns is set, else http-01 and tls-alpn-01'),
  wildcards: z
    .array(hostName)
    .default([])
    .describe('zones whose hosts get one certificate for all of the zone; needs dns'),
  dns: dns.optional().describe('a command that publishes DNS records for dns-01'),
});

/** What the schema makes of it. */
export type WrittenAcme = z.output<typeof acme>;
