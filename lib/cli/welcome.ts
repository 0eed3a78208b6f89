/** What a newcomer reads after the first start: where the mirrors are, and a line that proves it. */
import { relative } from 'node:path';
import { bundlePath } from '../certificates/certs-layout.ts';
import type { GateFacts } from '../app/gate.ts';

export function welcomeText({ configuration, addresses, trust }: GateFacts): string {
  const { mirrors, universalHosts, certificates } = configuration;
  const port = addresses.find(({ secure, mirror }) => secure && mirror === undefined)?.port ?? 443;
  const suffix = port === 443 ? '' : `:${port}`;
  const [universal] = universalHosts;
  const first = mirrors.find(({ registry }) => registry === 'docker.io') ?? mirrors[0];
  const host = universal ?? first?.hosts[0];
  const lines = ['', 'Mirrors:'];
  for (const { registry, hosts } of mirrors) {
    for (const name of hosts) lines.push(`  ${registry.padEnd(20)} https://${name}${suffix}`);
  }
  for (const name of universalHosts)
    lines.push(`  ${'all of them'.padEnd(20)} https://${name}${suffix}`);
  const bundle = relative(process.cwd(), bundlePath(certificates.directory));
  if (trust !== undefined) {
    lines.push('', `CA bundle:       ${bundle}`, `CA fingerprint:  ${trust.fingerprint}`);
  }
  if (host !== undefined) {
    const prefix = universal === undefined || first === undefined ? '' : `${first.registry}/`;
    const trustOption = trust === undefined ? '' : ` --cacert ${bundle}`;
    const url = `https://${host}${suffix}`;
    lines.push(
      '',
      'Prove it:',
      `  curl -sS${trustOption} ${url}/v2/`,
      `  curl -sSI${trustOption} ${url}/v2/${prefix}library/alpine/manifests/latest`,
    );
  }
  return `${lines.join('\n')}\n`;
}
