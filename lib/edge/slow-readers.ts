/**
 * Lets go of clients that take what they are sent too slowly to be anything but stuck or hostile.
 * Only a client that has bytes waiting for it is measured: a slow upstream is not its fault.
 */
import type { Socket } from 'node:net';
import type { Limits } from './limits.ts';

/** The span that is being measured. */
interface Span {
  takenBytes: number;
  sinceMs: number;
}

export class SlowReaders {
  readonly #limits: Limits;
  /**
   * By connection: V8 kept what entered and left a table with every answer until its next major
   * collection, all of each request with it.
   */
  readonly #spans = new Map<Socket, Span>();
  readonly #timer: NodeJS.Timeout;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#timer = setInterval(() => this.#sweep(Date.now()), limits.checkIntervalMs);
    this.#timer.unref();
  }

  /** Until it closes; more than once changes nothing. */
  watch(socket: Socket): void {
    if (socket.destroyed || this.#spans.has(socket)) return;
    this.#spans.set(socket, { takenBytes: 0, sinceMs: Date.now() });
    socket.once('close', () => this.#spans.delete(socket));
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #sweep(nowMs: number): void {
    const { minReadBytesPerSecond, slowReaderWindowMs } = this.#limits;
    const leastBytes = (minReadBytesPerSecond * slowReaderWindowMs) / 1000;
    for (const [socket, span] of this.#spans) {
      const takenBytes = socket.bytesWritten - socket.writableLength;
      const waits = socket.writableLength > 0;
      if (!waits || takenBytes - span.takenBytes >= leastBytes) {
        span.takenBytes = takenBytes;
        span.sinceMs = nowMs;
      } else if (nowMs - span.sinceMs >= slowReaderWindowMs) {
        socket.destroy();
      }
    }
  }
}
