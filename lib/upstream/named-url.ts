/** What every URL that an upstream names (a redirect, a token server) must be to be opened. */
import type { UpstreamAccount } from './messages.ts';
import { tryHostName, type HostName } from '../net/host-name.ts';
import { UpstreamRefusedError } from './errors.ts';

export interface NamedUrl {
  readonly url: URL;
  /** Who named it, for messages. */
  readonly host: string;
  /** How, for messages: `redirects to`. */
  readonly how: string;
  readonly permitsPlainHttp: boolean;
}

/** Plain http only where the upstream itself is that, and on purpose. */
export function mayUsePlainHttp({ upstream, allowPrivateUpstream }: UpstreamAccount): boolean {
  return allowPrivateUpstream && upstream.startsWith('http:');
}

/**
 * The URL without its fragment, where it is https (or permitted http) without user information.
 * The address behind it is judged by the guarded connector, when it is dialled.
 *
 * @throws UpstreamRefusedError
 */
export function permittedUrl({ url, host, how, permitsPlainHttp }: NamedUrl): URL {
  const shown = urlText(url);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && permitsPlainHttp)) {
    throw new UpstreamRefusedError(`${host} ${how} ${shown}, which is not https`, { host });
  }
  if (url.username !== '' || url.password !== '') {
    throw new UpstreamRefusedError(`${host} ${how} ${shown} with user information`, { host });
  }
  const permitted = new URL(url);
  permitted.hash = '';
  return permitted;
}

/** `url` for messages and logs: signed URLs carry their secret in the query. */
export function urlText({ protocol, host, pathname }: URL): string {
  const path = pathname.length > maxPathLength ? `${pathname.slice(0, maxPathLength)}…` : pathname;
  return `${protocol}//${host}${path}`;
}

/** Longest path shown; that of a manifest by digest under the longest repository name fits. */
const maxPathLength = 512;

/** The host of `url` in the spelling that compares by `===`. */
export function urlHostName(url: URL): HostName | undefined {
  return tryHostName(url.hostname.replace(/^\[|\]$/g, ''));
}
