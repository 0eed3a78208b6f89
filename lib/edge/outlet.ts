/**
 * Where the bytes of a body leave for the client, one piece after the other. Knows nothing of
 * where they come from; what slows an answer down does so by `write` and `drain` of the response.
 */
import type { ServerResponse } from 'node:http';

interface Waiting {
  readonly resolve: () => void;
  /** Node no longer needs the bytes. */
  isWritten: boolean;
  /** The client may be given more. */
  hasRoom: boolean;
}

export class Outlet {
  readonly #response: ServerResponse;
  #waiting: Waiting | undefined;

  constructor(response: ServerResponse) {
    this.#response = response;
    response.on('drain', this.#onDrain).on('close', this.#onClose);
  }

  /** The client has left. */
  get isClosed(): boolean {
    return this.#response.destroyed;
  }

  /** Resolves when `bytes` may be used for something else and more may follow, or when it is closed. */
  write(bytes: Buffer): Promise<void> {
    if (this.isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      const waiting: Waiting = { resolve, isWritten: false, hasRoom: false };
      this.#waiting = waiting;
      const hasRoom = this.#response.write(bytes, () => {
        waiting.isWritten = true;
        this.#advance();
      });
      if (hasRoom) waiting.hasRoom = true;
    });
  }

  close(): void {
    this.#response.off('drain', this.#onDrain).off('close', this.#onClose);
    this.#onClose();
  }

  readonly #onDrain = (): void => {
    if (this.#waiting !== undefined) this.#waiting.hasRoom = true;
    this.#advance();
  };

  readonly #onClose = (): void => {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  };

  #advance(): void {
    const waiting = this.#waiting;
    if (waiting === undefined || !waiting.isWritten || !waiting.hasRoom) return;
    this.#waiting = undefined;
    waiting.resolve();
  }
}

/** A whole body in one piece. Resolves when it is written, or the client has left. */
export async function sendPiece(response: ServerResponse, bytes: Buffer): Promise<void> {
  const outlet = new Outlet(response);
  try {
    await outlet.write(bytes);
  } finally {
    outlet.close();
  }
  response.end();
}
