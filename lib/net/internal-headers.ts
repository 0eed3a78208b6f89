/** What a worker tells the edge beside the answer itself; the edge logs it and passes none of it on. */

/** Upstream HTTP requests made for this answer, up to its headers. */
export const upstreamRequestsHeader = 'mirrorgate-upstream-requests';
