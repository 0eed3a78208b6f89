/** Reading, cutting and throwing away bodies whose length nobody has vouched for. */
import type { Readable } from 'node:stream';
import type { Clock } from '../time/clock.ts';
import { abortReason } from './deadline.ts';
import { UpstreamContentError } from './errors.ts';

/** Beyond these a connection is cheaper to open anew than to empty. */
const discardMaxBytes = 64 * 1024;
const discardDeadlineMs = 2_000;

/** What {@link readBody} reads: an UpstreamResponse or any other answer. */
export interface BodySource {
  readonly body: Readable;
  /** For messages. */
  readonly host?: string;
}

/**
 * The whole body of at most `maxBytes`.
 *
 * @throws UpstreamContentError where it is longer; the body's own error; the reason of `signal`
 */
export async function readBody(
  { body, host = 'the upstream' }: BodySource,
  maxBytes: number,
  signal?: AbortSignal,
): Promise<Buffer> {
  const { bytes, isWhole } = await collect(body, { maxBytes, signal });
  if (isWhole) return bytes;
  throw new UpstreamContentError(`${host} sent more than ${maxBytes} bytes where fewer belong`, {
    host,
  });
}

export interface BodyLimits {
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** The first `maxBytes` of a body; ends the transfer there. Fails as {@link readBody} does. */
export async function readBodyStart(body: Readable, limits: BodyLimits): Promise<Buffer> {
  return (await collect(body, limits)).bytes;
}

/** Empties a body that nobody wants, so that its connection can serve again, or ends it. */
export function discardBody(body: Readable, clock: Clock): void {
  let seenBytes = 0;
  const timer = clock.after(discardDeadlineMs, () => void body.destroy());
  body.once('close', () => timer.cancel());
  body.on('data', (chunk: Buffer) => {
    seenBytes += chunk.length;
    if (seenBytes > discardMaxBytes) body.destroy();
  });
}

async function collect(
  body: Readable,
  { maxBytes, signal }: BodyLimits,
): Promise<{ readonly bytes: Buffer; readonly isWhole: boolean }> {
  const onAbort = (): void => {
    if (signal !== undefined) body.destroy(abortReason(signal));
  };
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) {
        return { bytes: Buffer.concat(chunks, maxBytes), isWhole: false };
      }
    }
    return { bytes: Buffer.concat(chunks, sizeBytes), isWhole: true };
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}
