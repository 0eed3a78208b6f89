/** The names of a certificate as a CA is asked for them. */
import { createHash } from 'node:crypto';
import { isAddress, tryHostName, type HostName } from '../net/host-name.ts';
import type { Identifier } from './acme-server.ts';

/**
 * What to order for `hosts`: each of them, but one wildcard for all that stand directly below a
 * zone of `wildcards`. Sorted, each once.
 */
export function certificateNames(
  hosts: readonly HostName[],
  wildcards: readonly string[] = [],
): readonly string[] {
  const names = hosts.map((host) => {
    const zone = isAddress(host) ? '' : host.slice(host.indexOf('.') + 1);
    return wildcards.includes(zone) ? `*.${zone}` : host;
  });
  return [...new Set(names)].sort();
}

/** RFC 8555 §9.7.7; addresses by RFC 8738 §3. */
export function identifierOf(name: string): Identifier {
  const host = tryHostName(name);
  return { type: host !== undefined && isAddress(host) ? 'ip' : 'dns', value: name };
}

/** The name of an identifier that a CA sent, in our spelling. */
export function nameOf({ value }: Identifier): string {
  return tryHostName(value) ?? value;
}

export function isSameSet(left: readonly string[], right: readonly string[]): boolean {
  const wanted = new Set(left);
  return wanted.size === new Set(right).size && right.every((name) => wanted.has(name));
}

/** A file name for what belongs to this set of names: told apart by people and by programs. */
export function setName(names: readonly string[]): string {
  const sorted = [...names].sort();
  const [first = ''] = sorted;
  return `${fileNamePart(first)}-${shortHash(sorted.join('\n'))}`;
}

/** As {@link setName}, for what belongs to a CA. */
export function caName(directoryUrl: string): string {
  const host = URL.canParse(directoryUrl) ? new URL(directoryUrl).host : '';
  return `${fileNamePart(host)}-${shortHash(directoryUrl)}`;
}

function fileNamePart(text: string): string {
  return text
    .toLowerCase()
    .replaceAll('*', '_')
    .replaceAll(/[^a-z0-9._-]/g, '_')
    .slice(0, 100);
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
