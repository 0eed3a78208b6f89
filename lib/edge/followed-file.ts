/**
 * The body of an answer that lies in a file which is still arriving: sent as far as the worker
 * says that it may be read, at the client's pace.
 */
import type { ServerResponse } from 'node:http';
import { FileProgress } from '../net/file-progress.ts';
import type { FileSpan } from '../net/internal-headers.ts';
import { openGrowingFile, type CachedFile } from './cached-files.ts';
import type { FileGrowth, SharedDisk } from './file-sender.ts';
import type { MissingPart, WorkerHeaders } from './sent-answer.ts';

export interface FollowedFileOptions {
  readonly disk: SharedDisk;
  readonly path: string;
  readonly span: FileSpan;
  /** Of the answer that it is the body of. */
  readonly headers: WorkerHeaders;
  readonly response: ServerResponse;
  /** Called before the first byte, once the file is open. */
  readonly onBegin: () => void;
  /** Sees what is sent. */
  readonly onPiece: (piece: Buffer) => void;
}

export class FollowedFile {
  readonly #options: FollowedFileOptions;
  readonly #progress: FileProgress;
  #changed = Promise.withResolvers<undefined>();
  #isOver = false;
  /**
   * Settles when as much was sent as the worker told, or the client has left: with false where the
   * file could not be opened, and nothing was begun.
   */
  readonly sent: Promise<boolean>;

  constructor(options: FollowedFileOptions) {
    const { first, last } = options.span;
    this.#options = options;
    this.#progress = new FileProgress(first, last + 1);
    this.sent = this.#send();
    // Told to whoever waits for it.
    this.sent.catch(() => undefined);
  }

  /**
   * Takes what the worker tells; returns what of it is itself the body's continuation, which is to
   * be sent after {@link sent}.
   * @throws MirrorgateError `MIRRORGATE_WORKER_PROGRESS`
   */
  take(chunk: Buffer): Buffer {
    const bytes = this.#progress.take(chunk);
    if (bytes.length > 0) this.end();
    else this.#wake();
    return bytes;
  }

  /** The worker tells no more. Idempotent. */
  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  /** What is left of it where no more than what comes before `position` was sent. */
  missingFrom(position: number): MissingPart {
    const { headers, span } = this.#options;
    return { headers, span: { ...span, first: position } };
  }

  async #send(): Promise<boolean> {
    const { disk, path, span, response, onBegin } = this.#options;
    const handle = await openGrowingFile(disk.cacheDirectory, path);
    if (handle === undefined) return false;
    try {
      if (response.destroyed) return true;
      onBegin();
      const file: CachedFile = { handle, span };
      await disk.sender.send(response, file, this.#growth());
      return true;
    } finally {
      await handle.close();
    }
  }

  #growth(): FileGrowth {
    const { onPiece } = this.#options;
    return {
      onPiece,
      beyond: async (position) => {
        while (this.#progress.position <= position && !this.#isOver) await this.#changed.promise;
        return this.#progress.position;
      },
    };
  }

  #wake(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers<undefined>();
    resolve(undefined);
  }
}
