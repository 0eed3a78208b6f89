/**
 * The bytes of a blob in order, whatever happens to the transfers that bring them: one that breaks
 * off is followed by another from where it stopped, and whoever reads notices a pause at most.
 */
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { Clock } from '../time/clock.ts';

/** One transfer of a blob, or of its rest. */
export interface BlobTransfer {
  /** Of the whole blob; undefined where the upstream did not say. */
  readonly sizeBytes: number | undefined;
  /** Position of the body's first byte in the blob. */
  readonly firstByte: number;
  /** Leaving its iteration early ends the transfer. */
  readonly body: AsyncIterable<Buffer>;
}

export interface Resumption {
  /**
   * Asks for the bytes from `firstByte` on. The answer may begin earlier, where an upstream knows
   * no ranges. Rejects with the upstream's error.
   */
  resume(firstByte: number): Promise<BlobTransfer>;
  /** Whether what ended a transfer may be over when it is asked again. */
  mayResume(error: unknown): boolean;
  readonly clock: Clock;
}

/** Before each attempt in a row that brings nothing; then the last error stands. */
const pausesMs = [0, 200, 500, 1_000, 2_000, 4_000];

/**
 * The bytes from `from` on, which `first` brings, earlier ones perhaps among them.
 * @throws what the last transfer ended with; MirrorgateError `MIRRORGATE_CONTENT_INVALID` where a
 *   later transfer is of another size
 */
export async function* resumableBody(
  first: BlobTransfer,
  resumption: Resumption,
  from = 0,
): AsyncGenerator<Buffer, void, undefined> {
  let transfer = first;
  let position = from;
  let fruitless = 0;
  for (;;) {
    let failure: unknown;
    try {
      let offset = transfer.firstByte;
      for await (const chunk of transfer.body) {
        const fresh = chunk.subarray(Math.max(0, position - offset));
        offset += chunk.length;
        if (fresh.length === 0) continue;
        position += fresh.length;
        fruitless = 0;
        yield fresh;
      }
      if (first.sizeBytes === undefined || position >= first.sizeBytes) return;
      failure = cutShort(position, first.sizeBytes);
    } catch (error) {
      failure = error;
    }
    for (;;) {
      const pauseMs = pausesMs[fruitless];
      if (pauseMs === undefined || !resumption.mayResume(failure)) throw failure;
      fruitless += 1;
      await pause(resumption.clock, pauseMs);
      try {
        transfer = await resumption.resume(position);
        break;
      } catch (error) {
        failure = error;
      }
    }
    assertSameSize(first.sizeBytes, transfer.sizeBytes);
  }
}

function assertSameSize(before: number | undefined, now: number | undefined): void {
  if (before === undefined || now === undefined || before === now) return;
  throw new MirrorgateError(
    'MIRRORGATE_CONTENT_INVALID',
    `the upstream said first that the blob has ${before} bytes, then ${now}`,
  );
}

function cutShort(position: number, sizeBytes: number): MirrorgateError {
  return new MirrorgateError(
    'MIRRORGATE_UPSTREAM_UNREACHABLE',
    `the transfer ended after ${position} of ${sizeBytes} bytes`,
  );
}

function pause(clock: Clock, delayMs: number): Promise<void> {
  if (delayMs === 0) return Promise.resolve();
  return new Promise((resolve) => void clock.after(delayMs, resolve));
}
