/** One mirror as written → one mirror as used: what is known of its registry filled in. */
import type { Mirror } from './configuration.ts';
import { tryKnownRegistry } from './known-registries.ts';
import type { WrittenMirror } from './mirror-schema.ts';
import { readTrust, type ReadingContext } from './trusted-roots.ts';
import type { KeyPath } from './yaml-file.ts';

export interface MirrorContext extends ReadingContext {
  /** Where the mirror stands in the file. */
  readonly path: KeyPath;
}

export function resolveMirror(written: WrittenMirror, context: MirrorContext): Mirror {
  const { path, findings, readSecret } = context;
  const known = tryKnownRegistry(written.registry);
  const registry = known?.registry ?? written.registry;
  const name = written.name ?? known?.name;
  if (name === undefined) {
    findings.push({
      path,
      message: `the mirror of ${registry} has no name`,
      fix: 'give it a name of lower-case letters, digits and hyphens',
    });
  }
  const upstreams = listUpstreams(written, known?.upstream ?? `https://${registry}`);
  if (written.upstream !== undefined && written.upstreams !== undefined) {
    findings.push({
      path: [...path, 'upstream'],
      message: 'stands beside upstreams, which says the same',
      fix: 'keep one of the two',
    });
  }
  if (upstreams.some((upstream) => upstream.startsWith('http:')) && !written.allowPrivateUpstream) {
    findings.push({
      path: [...path, written.upstreams === undefined ? 'upstream' : 'upstreams'],
      message: 'a plain http upstream can be read and changed on its way',
      fix: 'write https://, or allowPrivateUpstream: true for a registry on your own network',
    });
  }
  const { credentials, upstreamTrust } = written;
  if (credentials !== undefined && written.repositories === undefined) {
    findings.push({
      path: [...path, 'credentials'],
      message: 'a mirror with credentials would give every allowed client all that they can read',
      fix: 'list what may be pulled: repositories: ["acme/*"]',
    });
  }
  return {
    name: name ?? registry,
    registry,
    aliases: known?.aliases ?? [],
    upstreams,
    hosts: written.hosts,
    ports: written.ports,
    credentials: credentials && {
      username: credentials.username,
      password: readSecret(credentials.password, [...path, 'credentials', 'password']),
    },
    prefersAnonymous: credentials?.use === 'when-needed',
    reserve: written.reserve,
    parallel: written.parallel && {
      connections: written.parallel.connections,
      fromBytes: written.parallel.from,
    },
    prefersIPv4: written.egress === 'ipv4-first',
    pins: written.pins,
    repositories: written.repositories,
    tags: {
      ttlMs: written.tags.ttl,
      staleIfErrorMs: written.tags.staleIfError,
      immutable: written.tags.immutable,
    },
    upstreamTrust:
      upstreamTrust && readTrust(upstreamTrust, [...path, 'upstreamTrust', 'file'], context),
    tokenHosts: [...(known?.tokenHosts ?? []), ...written.tokenHosts],
    allowPrivateUpstream: written.allowPrivateUpstream,
  };
}

function listUpstreams(written: WrittenMirror, byDefault: string): string[] {
  if (written.upstreams !== undefined) return written.upstreams.map(({ origin }) => origin);
  return [written.upstream?.origin ?? byDefault];
}
