/**
 * An answer that goes out no faster than its client's {@link Pace} permits. To whoever writes it,
 * the pace is back-pressure like any other: `write` returns false, and `drain` comes when there is
 * room and time. So nothing that sends bodies needs to know of it.
 */
import { ServerResponse, type IncomingMessage } from 'node:http';

/** Of one client, over all of its connections. */
export interface Pace {
  /** Takes `bytes` off what the client may have. Returns for how many milliseconds it had too many. */
  take(bytes: number): number;
}

type Callback = (error: Error | null | undefined) => void;

export class PacedResponse<
  Request extends IncomingMessage = IncomingMessage,
> extends ServerResponse<Request> {
  #pace: Pace | undefined;
  #hold: NodeJS.Timeout | undefined;

  /** To be called before the first byte. */
  paceBy(pace: Pace): void {
    this.#pace = pace;
  }

  override write(
    chunk: string | Uint8Array,
    encoding?: BufferEncoding | Callback,
    callback?: Callback,
  ): boolean {
    const hasRoom = super.write(chunk, encoding as BufferEncoding, callback);
    const waitMs = this.#pace?.take(chunk.length) ?? 0;
    if (waitMs < 1) return hasRoom && this.#hold === undefined;
    this.#holdFor(waitMs);
    return false;
  }

  override emit(event: string | symbol, ...details: unknown[]): boolean {
    if (event === 'drain' && this.#hold !== undefined) return false;
    if (event === 'close') clearTimeout(this.#hold);
    return super.emit(event, ...details);
  }

  #holdFor(waitMs: number): void {
    clearTimeout(this.#hold);
    this.#hold = setTimeout(() => {
      this.#hold = undefined;
      // Else the socket is full still, and tells by itself when it is not.
      if (!this.writableNeedDrain) this.emit('drain');
    }, waitMs);
  }
}
