/** What anyone who is to trust the private CA may fetch, on every host, over http and https. */
import type { TextDocument } from './answers.ts';
import type { TrustDocuments } from './settings.ts';

export const caPathPrefix = '/ca/';

/** The document at `path`, or undefined where there is none. */
export function caDocument(
  path: string,
  trust: TrustDocuments | undefined,
): TextDocument | undefined {
  if (trust === undefined) return undefined;
  switch (path) {
    case '/ca/bundle.pem':
      return { contentType: 'application/x-pem-file', body: trust.bundlePem };
    case '/ca/fingerprint':
      return { contentType: 'text/plain; charset=utf-8', body: `${trust.fingerprint}\n` };
    default:
      return undefined;
  }
}
