/** Lists that change at the upstream and are never kept: tags and referrers. */
import type { ServerResponse } from 'node:http';
import type { CachedMirror } from '../cache/cached-mirror.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { upstreamRequestsHeader } from '../net/internal-headers.ts';
import type { PullRequest } from '../oci/pull-path.ts';
import { readBody } from '../upstream/body.ts';
import type { RequestTally } from '../upstream/request-tally.ts';

export type ListPull = Extract<PullRequest, { kind: 'tags' | 'referrers' }>;

/** Largest list passed on; Docker Hub's page of 1 000 tags is under 100 KiB. */
const maxListBytes = 4 * 1024 * 1024;

/** Headers of the upstream that mean the same to our client (distribution-spec §Listing). */
const passedHeaders = ['content-type', 'link', 'oci-filters-applied'];

/** Passes one page of a list on, `Link` included, whose path the edge puts right. */
export async function sendList(
  response: ServerResponse,
  mirror: CachedMirror,
  pull: ListPull,
  options: { readonly tally: RequestTally; readonly signal: AbortSignal; readonly isHead: boolean },
): Promise<void> {
  const { tally, signal, isHead } = options;
  const query = allowedQuery(pull);
  const resource =
    pull.kind === 'tags'
      ? ({ kind: 'tags', query } as const)
      : ({ kind: 'referrers', digest: pull.digest, query } as const);
  const { repository } = pull;
  const answer = await mirror.upstream.fetch({
    method: 'GET',
    repository,
    resource,
    signal,
    tally,
  });
  const body = await readBody(answer, maxListBytes, signal);
  const headers: Record<string, string | number> = {
    'content-length': body.length,
    'cache-status': 'mirrorgate; fwd=bypass',
    [upstreamRequestsHeader]: tally.requests,
  };
  for (const name of passedHeaders) {
    const value = answer.headers.get(name);
    if (value !== undefined) headers[name] = value;
  }
  if (answer.contentType !== undefined) headers['content-type'] = answer.contentType;
  response.writeHead(200, headers);
  response.end(isHead ? undefined : body);
}

/**
 * The parameters that the spec defines, and no others.
 * @throws MirrorgateError `MIRRORGATE_REQUEST_PAGINATION`
 */
function allowedQuery(pull: ListPull): string {
  const given = new URLSearchParams(pull.query);
  const names = pull.kind === 'tags' ? ['n', 'last'] : ['artifactType'];
  const kept = new URLSearchParams();
  for (const name of names) {
    const value = given.get(name);
    if (value !== null) kept.set(name, value);
  }
  const count = kept.get('n');
  if (count !== null && !/^(?:0|[1-9][0-9]{0,3})$/.test(count)) {
    throw new MirrorgateError('MIRRORGATE_REQUEST_PAGINATION', 'n must be a number from 0 to 9999');
  }
  return kept.toString();
}
