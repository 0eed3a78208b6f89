/** Where an upstream sends us on to. */
import { UpstreamContentError } from './errors.ts';
import { permittedUrl } from './named-url.ts';

export const maxRedirects = 5;

export function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

export interface Redirect {
  /** The URL that answered. */
  readonly from: URL;
  readonly location: string | undefined;
  readonly permitsPlainHttp: boolean;
}

/**
 * The target of a redirect, relative ones too (RFC 9110 §10.2.2; Google's registry sends those).
 *
 * @throws UpstreamRefusedError for a target that we do not follow
 * @throws UpstreamContentError where there is no usable Location
 */
export function redirectTarget({ from, location, permitsPlainHttp }: Redirect): URL {
  const { host } = from;
  const url = location === undefined ? null : URL.parse(location, from.href);
  if (url === null) {
    throw new UpstreamContentError(`${host} redirects without a usable Location`, { host });
  }
  return permittedUrl({ url, host, how: 'redirects to', permitsPlainHttp });
}
