/**
 * The one parser of registry request targets. It reads the raw request line, so that no
 * decoding can stand between what was checked and what is used (HAZARD: path confusion).
 */
import { tryDigest, type Digest } from './digest.ts';
import { tryRepositoryName, type RepositoryName } from './names.ts';
import { tryReference, type Reference } from './reference.ts';

/** A pull of the distribution spec, its repository as the client spelled it. */
export type PullRequest =
  | { readonly kind: 'ping' }
  | {
      readonly kind: 'manifest';
      readonly repository: RepositoryName;
      readonly reference: Reference;
    }
  | { readonly kind: 'blob'; readonly repository: RepositoryName; readonly digest: Digest }
  | { readonly kind: 'tags'; readonly repository: RepositoryName; readonly query: string }
  | {
      readonly kind: 'referrers';
      readonly repository: RepositoryName;
      readonly digest: Digest;
      readonly query: string;
    };

/** Why a path under `/v2/` is none that can be pulled; each maps to one OCI error. */
export type PullPathFault = 'unsupported' | 'name-invalid' | 'reference-invalid' | 'digest-invalid';

export type PullPathResult =
  | { readonly kind: 'pull'; readonly pull: PullRequest }
  | { readonly kind: 'fault'; readonly fault: PullPathFault; readonly repository?: string };

/**
 * Reads `path` (beginning with `/v2`) and the raw `query` (without `?`).
 * Repository names may contain `/`, so the path is read from its end
 * (distribution-spec §Endpoints: end-1, end-2, end-3, end-8, end-12).
 */
export function parsePullPath(path: string, query: string): PullPathResult {
  if (path === '/v2' || path === '/v2/') return { kind: 'pull', pull: { kind: 'ping' } };
  if (!path.startsWith('/v2/')) return { kind: 'fault', fault: 'unsupported' };
  const segments = path.slice('/v2/'.length).split('/');
  const last = segments.at(-1) ?? '';
  const verb = segments.at(-2);
  const repositoryText = segments.slice(0, -2).join('/');
  const tagsList = last === 'list' && verb === 'tags';
  if (!tagsList && verb !== 'manifests' && verb !== 'blobs' && verb !== 'referrers') {
    return { kind: 'fault', fault: 'unsupported' };
  }
  const repository = tryRepositoryName(repositoryText);
  if (repository === undefined) {
    return { kind: 'fault', fault: 'name-invalid', repository: repositoryText };
  }
  if (tagsList) return { kind: 'pull', pull: { kind: 'tags', repository, query } };
  if (verb === 'manifests') {
    const reference = tryReference(last);
    if (reference === undefined) return { kind: 'fault', fault: 'reference-invalid', repository };
    return { kind: 'pull', pull: { kind: 'manifest', repository, reference } };
  }
  const digest = tryDigest(last);
  if (digest === undefined) return { kind: 'fault', fault: 'digest-invalid', repository };
  return verb === 'blobs'
    ? { kind: 'pull', pull: { kind: 'blob', repository, digest } }
    : { kind: 'pull', pull: { kind: 'referrers', repository, digest, query } };
}

/** The path that names `pull` again, for the worker and for upstreams. */
export function pullPath(pull: PullRequest): string {
  switch (pull.kind) {
    case 'ping':
      return '/v2/';
    case 'manifest':
      return `/v2/${pull.repository}/manifests/${pull.reference.kind === 'tag' ? pull.reference.tag : pull.reference.digest}`;
    case 'blob':
      return `/v2/${pull.repository}/blobs/${pull.digest}`;
    case 'tags':
      return `/v2/${pull.repository}/tags/list${pull.query === '' ? '' : `?${pull.query}`}`;
    case 'referrers':
      return `/v2/${pull.repository}/referrers/${pull.digest}${pull.query === '' ? '' : `?${pull.query}`}`;
  }
}
