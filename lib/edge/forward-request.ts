/** A request for a worker, and what becomes of its answer. */
import type { ServerResponse } from 'node:http';
import type { BrokenFileError } from './file-sender.ts';
import type { WorkerHeaders } from './sent-answer.ts';

export interface ForwardRequest {
  readonly method: 'GET' | 'HEAD';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Whoever asks for the same path at the same time may be told the same. */
  readonly isShareable: boolean;
  readonly response: ServerResponse;
  /** Makes the client's headers from the worker's. */
  readonly answerHeaders: (received: WorkerHeaders) => Record<string, string>;
  /** Told of a file that could not be read as far as it was to be; the rest is asked for. */
  readonly onBroken: (error: BrokenFileError) => void;
  /** Sees what is passed on. */
  readonly keeper?: AnswerKeeper | undefined;
}

/** Looks on while an answer passes; `end` is called only where all of it has. */
export interface AnswerKeeper {
  begin(status: number, headers: WorkerHeaders): void;
  add(chunk: Buffer): void;
  end(): void;
}
