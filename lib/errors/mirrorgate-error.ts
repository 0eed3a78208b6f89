/**
 * The one base of every error this program raises on purpose. Callers match on
 * `code` and on the facts in subclass fields, never on message text.
 */

/** Facts that every error may carry beside its message. */
export interface ErrorDetails {
  /** What the reader can do about it, one sentence. */
  readonly hint?: string;
  /** The failure underneath, kept for logs. */
  readonly cause?: unknown;
}

/**
 * An expected failure: `message` says what failed and on what, `hint` what to do.
 * `code` is stable and has the form `MIRRORGATE_AREA_REASON`.
 */
export class MirrorgateError extends Error {
  readonly code: string;
  readonly hint: string | undefined;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = details.hint;
  }
}

/** The `code` of a system or library error (`ENOSPC`, `UND_ERR_SOCKET`, …), if it has one. */
export function errorCode(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    return error.code;
  }
  return undefined;
}

/** Deeper causes say nothing new, and a circle of them no end. */
const maxCauses = 5;

/** A printable reason for any thrown value: its message, with the causes below it. */
export function errorMessage(error: unknown, causes = maxCauses): string {
  if (!(error instanceof Error)) return String(error);
  const message = error.message === '' ? (errorCode(error) ?? error.name) : error.message;
  if (error.cause === undefined || causes === 0) return message;
  const cause = errorMessage(error.cause, causes - 1);
  return message.includes(cause) ? message : `${message}: ${cause}`;
}
