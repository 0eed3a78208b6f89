/** A resource as HTTP: its URL, its headers, what a 404 to it means. From parsed values only. */
import { manifestAccept } from '../oci/media-types.ts';
import type { RepositoryName } from '../oci/names.ts';
import { parsePullPath, pullPath } from '../oci/pull-path.ts';
import type { UnknownCode } from './errors.ts';
import type { UpstreamRequest, UpstreamResource } from './messages.ts';

/** Where `upstream`, an origin, has the resource (distribution-spec §Endpoints). */
export function resourceUrl(upstream: string, request: UpstreamRequest): URL {
  const { repository, resource } = request;
  if (!('query' in resource)) return new URL(pullPath({ ...resource, repository }), upstream);
  // Parsed and written anew: whatever it contained, it stays a query.
  const query = new URLSearchParams(resource.query).toString();
  return new URL(pullPath({ ...resource, repository, query }), upstream);
}

/** The repository that `url` names, where it is a registry path. */
export function repositoryIn({ pathname }: URL): RepositoryName | undefined {
  const result = parsePullPath(pathname, '');
  return result.kind === 'pull' && result.pull.kind !== 'ping' ? result.pull.repository : undefined;
}

export function resourceHeaders(request: UpstreamRequest): Readonly<Record<string, string>> {
  const firstByte = firstByteOf(request);
  return {
    ...(request.resource.kind === 'manifest' ? { accept: manifestAccept } : {}),
    ...(firstByte === undefined ? {} : { range: `bytes=${firstByte}-${request.lastByte ?? ''}` }),
  };
}

/** The offset that `request` resumes at; undefined where it asks for everything. */
export function firstByteOf({ method, firstByte = 0 }: UpstreamRequest): number | undefined {
  return method === 'GET' && firstByte > 0 ? firstByte : undefined;
}

/** A registry without the referrers API answers 404, as to a manifest (§Listing Referrers). */
export function unknownCode({ kind }: UpstreamResource): UnknownCode {
  switch (kind) {
    case 'blob':
      return 'MIRRORGATE_BLOB_UNKNOWN';
    case 'tags':
      return 'MIRRORGATE_REPOSITORY_UNKNOWN';
    case 'manifest':
    case 'referrers':
      return 'MIRRORGATE_MANIFEST_UNKNOWN';
  }
}
