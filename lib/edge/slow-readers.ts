/**
 * Lets go of clients that take what they are sent too slowly to be anything but stuck or hostile.
 * Only a client that has bytes waiting for it is measured: a slow upstream is not its fault.
 */
import type { ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Limits } from './limits.ts';

/** What is sent to a client: an answer, or all that goes over a connection that was upgraded. */
type Outlet = ServerResponse | Socket;

/** The span that is being measured. */
interface Span {
  takenBytes: number;
  sinceMs: number;
}

export class SlowReaders {
  readonly #limits: Limits;
  readonly #spans = new Map<Outlet, Span>();
  readonly #timer: NodeJS.Timeout;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#timer = setInterval(() => this.#sweep(Date.now()), limits.checkIntervalMs);
    this.#timer.unref();
  }

  watch(outlet: Outlet): void {
    this.#spans.set(outlet, { takenBytes: 0, sinceMs: Date.now() });
    outlet.on('close', () => this.#spans.delete(outlet));
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #sweep(nowMs: number): void {
    const { minReadBytesPerSecond, slowReaderWindowMs } = this.#limits;
    const leastBytes = (minReadBytesPerSecond * slowReaderWindowMs) / 1000;
    for (const [outlet, span] of this.#spans) {
      const socket = outlet instanceof Socket ? outlet : outlet.socket;
      if (socket === null) continue;
      const takenBytes = socket.bytesWritten - socket.writableLength;
      const waits = socket.writableLength > 0;
      if (!waits || takenBytes - span.takenBytes >= leastBytes) {
        span.takenBytes = takenBytes;
        span.sinceMs = nowMs;
      } else if (nowMs - span.sinceMs >= slowReaderWindowMs) {
        outlet.destroy();
      }
    }
  }
}
