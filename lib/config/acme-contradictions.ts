/** What keeps a site from ever getting an ACME certificate, as far as the file tells. */
import type { Configuration } from './configuration.ts';
import type { PlacedSite } from './placed-site.ts';
import type { Finding, KeyPath } from './yaml-file.ts';

const place: KeyPath = ['certificates', 'acme'];

export function acmeFindings(
  configuration: Configuration,
  sites: readonly PlacedSite[],
): Finding[] {
  const { acme } = configuration.certificates;
  const [first] = sites.filter(({ site }) => site.issuer === 'acme');
  if (acme === undefined) {
    if (first === undefined) return [];
    return [
      {
        path: first.path,
        message: `"${first.site.name}" asks for an ACME certificate, and certificates.acme is not there`,
        fix: 'write certificates.acme: {email: you@example.com, agreeToTerms: true}',
      },
    ];
  }
  const { challenges, dns, wildcards, cas } = acme;
  const findings: Finding[] = [];
  if (challenges.includes('dns-01') && dns === undefined) {
    findings.push({
      path: [...place, 'challenges'],
      message: 'dns-01 needs a command that publishes DNS records',
      fix: 'name it: dns: {command: [/usr/local/bin/publish]}',
    });
  }
  if (wildcards.length > 0 && !challenges.includes('dns-01')) {
    findings.push({
      path: [...place, 'wildcards'],
      message: 'CAs give wildcards by dns-01 alone',
      fix: 'name a command: dns: {command: [/usr/local/bin/publish]}',
    });
  }
  if (configuration.listen.http.length === 0 && challenges.every((kind) => kind === 'http-01')) {
    findings.push({
      path: ['listen', 'http'],
      message: 'http-01 needs plain http on port 80, and there is none',
      fix: 'listen there, or permit tls-alpn-01 in certificates.acme.challenges',
    });
  }
  if (first === undefined) return findings;
  const strict = cas.findIndex(({ agreesToTerms }) => !agreesToTerms);
  if (strict === -1) return findings;
  const path = strict === 0 ? place : [...place, 'fallback', strict - 1];
  return [
    ...findings,
    {
      path,
      message: `nothing is ordered from ${cas[strict]?.directory ?? ''} without your word on its terms of service`,
      fix: 'read them, then write agreeToTerms: true',
    },
  ];
}
