/**
 * Lets go of clients that take an answer too slowly to be anything but stuck or hostile. Only a
 * client that has bytes waiting for it is measured: a slow upstream is not its fault.
 */
import type { ServerResponse } from 'node:http';
import type { Limits } from './limits.ts';

/** The span that is being measured. */
interface Span {
  takenBytes: number;
  sinceMs: number;
}

export class SlowReaders {
  readonly #limits: Limits;
  readonly #spans = new Map<ServerResponse, Span>();
  readonly #timer: NodeJS.Timeout;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#timer = setInterval(() => this.#sweep(Date.now()), limits.checkIntervalMs);
    this.#timer.unref();
  }

  watch(response: ServerResponse): void {
    this.#spans.set(response, { takenBytes: 0, sinceMs: Date.now() });
    response.once('close', () => this.#spans.delete(response));
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #sweep(nowMs: number): void {
    const { minReadBytesPerSecond, slowReaderWindowMs } = this.#limits;
    const leastBytes = (minReadBytesPerSecond * slowReaderWindowMs) / 1000;
    for (const [response, span] of this.#spans) {
      const { socket } = response;
      if (socket === null) continue;
      const takenBytes = socket.bytesWritten - socket.writableLength;
      const waits = socket.writableLength > 0;
      if (!waits || takenBytes - span.takenBytes >= leastBytes) {
        span.takenBytes = takenBytes;
        span.sinceMs = nowMs;
      } else if (nowMs - span.sinceMs >= slowReaderWindowMs) {
        response.destroy();
      }
    }
  }
}
