/** Header fields between edge and worker. They never cross the edge, in either direction. */

/** In a worker's answer: how many requests to the upstream it cost. */
export const upstreamRequestsHeader = 'mirrorgate-upstream-requests';

/**
 * Which run of a worker process answers. An edge sends it back when it asks for the rest of an
 * answer that broke off: the same run cut it for a reason, and only an heir may go on with it.
 */
export const workerRunHeader = 'mirrorgate-worker-run';

/** In an edge's request: it shares the worker's disk, and sends a file by itself that it is told. */
export const sendsFilesHeader = 'mirrorgate-sends-files';

/** In an edge's request: what the worker has of it on disk was found to be something else. */
export const suspectHeader = 'mirrorgate-suspect';

/**
 * In a worker's answer to such a request, in place of the body: the file to send, as a path below
 * the cache directory. The name is nginx's for the same thing.
 */
export const fileHeader = 'x-accel-redirect';

/** Beside it: which bytes of the file, and its whole size, written as {@link fileSpanText}. */
export const fileSpanHeader = 'mirrorgate-file-span';

/**
 * Beside them: the file is still arriving, and the body tells how far it may be read
 * (`file-progress.ts`).
 */
export const growingFileHeader = 'mirrorgate-file-grows';

/** Bytes of a file, first and last included, and how long the whole of it is. */
export interface FileSpan {
  readonly first: number;
  readonly last: number;
  readonly sizeBytes: number;
}

/** As `Content-Range` writes it, without the unit: `0-1023/2048`. */
export function fileSpanText({ first, last, sizeBytes }: FileSpan): string {
  return `${first}-${last}/${sizeBytes}`;
}

/** Undefined for what is no span of a file. */
export function tryFileSpan(text: unknown): FileSpan | undefined {
  const match = typeof text === 'string' ? /^([0-9]+)-([0-9]+)\/([0-9]+)$/.exec(text) : null;
  if (match === null) return undefined;
  const [first = 0, last = 0, sizeBytes = 0] = match.slice(1).map(Number);
  const isSound = first <= last && last < sizeBytes && Number.isSafeInteger(sizeBytes);
  return isSound ? { first, last, sizeBytes } : undefined;
}
