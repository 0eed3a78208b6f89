/** What a newcomer reads after the first start: where the mirrors are, and a line that proves it. */
import { relative } from 'node:path';
import { bundlePath } from '../certificates/certs-layout.ts';
import type { GateFacts } from '../app/gate-facts.ts';
import { urlHost } from '../net/host-name.ts';

export function welcomeText({ configuration, addresses, trust }: GateFacts): string {
  const { mirrors, universalHosts, certificates } = configuration;
  const port = addresses.find(({ secure, mirror }) => secure && mirror === undefined)?.port ?? 443;
  const [universal] = universalHosts;
  const first = mirrors.find(({ registry }) => registry === 'docker.io') ?? mirrors[0];
  const host = universal ?? first?.hosts[0];
  const lines = ['', 'Mirrors:'];
  for (const { registry, hosts, ports } of mirrors) {
    for (const name of hosts) lines.push(mirrorLine(registry, origin(name, port)));
    const name = hosts[0] ?? universal;
    if (name === undefined) continue;
    for (const own of ports) lines.push(mirrorLine(registry, origin(name, own)));
  }
  for (const name of universalHosts) lines.push(mirrorLine('all of them', origin(name, port)));
  const bundle = relative(process.cwd(), bundlePath(certificates.directory));
  const fingerprint = trust?.fingerprint;
  if (fingerprint !== undefined) {
    lines.push('', `CA bundle:       ${bundle}`, `CA fingerprint:  ${fingerprint}`);
  }
  if (host !== undefined) {
    const prefix = universal === undefined || first === undefined ? '' : `${first.registry}/`;
    const trustOption = fingerprint === undefined ? '' : ` --cacert ${shellWord(bundle)}`;
    const url = origin(host, port);
    lines.push(
      '',
      'Prove it:',
      `  curl -sS${trustOption} ${url}/v2/`,
      `  curl -sSI${trustOption} ${url}/v2/${prefix}library/alpine/manifests/latest`,
    );
  }
  return `${lines.join('\n')}\n`;
}

function mirrorLine(registry: string, url: string): string {
  return `  ${registry.padEnd(20)} ${url}`;
}

function origin(host: string, port: number): string {
  return `https://${urlHost(host)}${port === 443 ? '' : `:${port}`}`;
}

/** The text as one word of a shell's command line. */
function shellWord(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
