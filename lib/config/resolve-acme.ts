/** ACME as written → as used: every CA with what is known of it, secrets read. */
import type { WrittenAcme } from './acme-schema.ts';
import type { AcmeCaConfiguration, AcmeConfiguration } from './configuration.ts';
import { readTrust, type ReadingContext } from './trusted-roots.ts';
import type { KeyPath } from './yaml-file.ts';

type WrittenCa = WrittenAcme['fallback'][number];

const place: KeyPath = ['certificates', 'acme'];

/** Directories of copies of public CAs that nobody trusts, to try things out at. */
const stagings: ReadonlyMap<string, string> = new Map([
  [
    'https://acme-v02.api.letsencrypt.org/directory',
    'https://acme-staging-v02.api.letsencrypt.org/directory',
  ],
]);

export function resolveAcme(written: WrittenAcme, context: ReadingContext): AcmeConfiguration {
  const { keyType, wildcards, dns, challenges, email } = written;
  return {
    cas: [
      resolveCa(written, place, context),
      ...written.fallback.map((ca, index) =>
        resolveCa({ ...ca, email: ca.email ?? email }, [...place, 'fallback', index], context),
      ),
    ],
    keyType,
    challenges: challenges ?? (dns === undefined ? ['http-01', 'tls-alpn-01'] : ['dns-01']),
    wildcards,
    dns: dns && {
      command: dns.command,
      environment: Object.fromEntries(
        dns.environment.map((name, index) => [
          name,
          context.readSecret({ env: name }, [...place, 'dns', 'environment', index]),
        ]),
      ),
      timeoutMs: dns.timeout,
      propagationMs: dns.propagation,
    },
  };
}

function resolveCa(ca: WrittenCa, path: KeyPath, context: ReadingContext): AcmeCaConfiguration {
  const { directory, staging, externalAccount, trust } = ca;
  return {
    directory: directory.href,
    staging: staging === 'off' ? undefined : (staging?.href ?? stagings.get(directory.href)),
    email: ca.email,
    agreesToTerms: ca.agreeToTerms,
    externalAccount: externalAccount && {
      keyId: externalAccount.keyId,
      key: context.readSecret(externalAccount.key, [...path, 'externalAccount', 'key']),
    },
    profile: ca.profile,
    preferredChain: ca.preferredChain,
    rootsPem: trust && readTrust(trust, [...path, 'trust', 'file'], context),
  };
}
