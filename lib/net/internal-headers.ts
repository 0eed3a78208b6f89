/** What a worker tells the edge beside the answer itself; the edge logs it and passes none of it on. */

/** Upstream HTTP requests made for this answer, up to its headers. */
export const upstreamRequestsHeader = 'mirrorgate-upstream-requests';

/**
 * Which run of a worker process answers. An edge sends it back when it asks for the rest of an
 * answer that broke off: the same run cut it for a reason, and only an heir may go on with it.
 */
export const workerRunHeader = 'mirrorgate-worker-run';
