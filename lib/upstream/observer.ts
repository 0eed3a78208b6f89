/** What the client of an upstream tells of its work, declared here by the one who tells it. */

export interface UpstreamObserver {
  /** An HTTP request of this mirror was answered; `status` is undefined where it was not. */
  answered(mirror: string, status: number | undefined, durationMs: number): void;
  /** Bytes of an answer's body came. */
  received(mirror: string, sizeBytes: number): void;
  /** A way to the content failed; `code` is a MirrorgateError's. */
  failed(mirror: string, host: string, code: string): void;
}

export const noObserver: UpstreamObserver = {
  answered: () => undefined,
  received: () => undefined,
  failed: () => undefined,
};
