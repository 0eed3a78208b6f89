/** Sends the file that a worker named in place of a body, and says what of it is still missing. */
import { BrokenFileError, type SharedDisk } from './file-sender.ts';
import { openCachedFile } from './cached-files.ts';
import type { ForwardRequest } from './forward-request.ts';
import type { NamedFile } from './named-file.ts';
import { sendPiece } from './outlet.ts';
import type { MissingPart } from './sent-answer.ts';

export type Missing =
  | { readonly kind: 'nothing' }
  /** Nothing was sent: the file is gone, of another length, or (`isSuspect`) has other content. */
  | { readonly kind: 'all'; readonly isSuspect: boolean }
  /** All that comes before it was sent. */
  | { readonly kind: 'rest'; readonly part: MissingPart };

const nothing: Missing = { kind: 'nothing' };

/** Resolves when the file is sent as far as it can be read, or the client has left. */
export async function sendFile(
  { cacheDirectory, small, sender }: SharedDisk,
  { response, answerHeaders, onBroken }: ForwardRequest,
  { status, headers, path, span }: NamedFile,
): Promise<Missing> {
  if (span === undefined) return { kind: 'all', isSuspect: false };
  const begin = (): void => void response.writeHead(status, answerHeaders(headers));
  const content = await small.content(path, span);
  if (content === 'wrong') return { kind: 'all', isSuspect: true };
  if (content !== undefined) {
    begin();
    await sendPiece(response, content.subarray(span.first, span.last + 1));
    return nothing;
  }
  const file = await openCachedFile(cacheDirectory, path, span);
  if (file === undefined) return { kind: 'all', isSuspect: false };
  try {
    begin();
    await sender.send(response, file);
    response.end();
    return nothing;
  } catch (error) {
    if (!(error instanceof BrokenFileError)) throw error;
    onBroken(error);
    return { kind: 'rest', part: { headers, span: { ...span, first: error.position } } };
  } finally {
    await file.handle.close();
  }
}
