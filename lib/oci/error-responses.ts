/**
 * The one table from our error codes to what a registry client sees: an HTTP status and an
 * error code of the OCI distribution spec (§Error Codes; UNAVAILABLE is distribution's own).
 */
import { MirrorgateError } from '../errors/mirrorgate-error.ts';

export type OciErrorCode =
  | 'BLOB_UNKNOWN'
  | 'DENIED'
  | 'DIGEST_INVALID'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'PAGINATION_NUMBER_INVALID'
  | 'RANGE_INVALID'
  | 'TAG_INVALID'
  | 'TOOMANYREQUESTS'
  | 'UNAVAILABLE'
  | 'UNKNOWN'
  | 'UNSUPPORTED';

export interface ErrorResponse {
  readonly status: number;
  readonly code: OciErrorCode;
}

const responses = {
  MIRRORGATE_REQUEST_MALFORMED: { status: 400, code: 'UNSUPPORTED' },
  MIRRORGATE_REQUEST_BODY: { status: 400, code: 'UNSUPPORTED' },
  MIRRORGATE_REQUEST_HEADERS: { status: 431, code: 'UNSUPPORTED' },
  MIRRORGATE_REQUEST_TARGET_LENGTH: { status: 414, code: 'UNSUPPORTED' },
  MIRRORGATE_REQUEST_METHOD: { status: 405, code: 'UNSUPPORTED' },
  MIRRORGATE_REQUEST_MISDIRECTED: { status: 421, code: 'NAME_UNKNOWN' },
  MIRRORGATE_REQUEST_UNSUPPORTED: { status: 404, code: 'UNSUPPORTED' },
  MIRRORGATE_REQUEST_RANGE: { status: 416, code: 'RANGE_INVALID' },
  MIRRORGATE_REQUEST_PAGINATION: { status: 400, code: 'PAGINATION_NUMBER_INVALID' },
  MIRRORGATE_OCI_NAME_INVALID: { status: 400, code: 'NAME_INVALID' },
  MIRRORGATE_OCI_TAG_INVALID: { status: 400, code: 'TAG_INVALID' },
  MIRRORGATE_OCI_DIGEST_INVALID: { status: 400, code: 'DIGEST_INVALID' },
  MIRRORGATE_MIRROR_UNKNOWN: { status: 404, code: 'NAME_UNKNOWN' },
  MIRRORGATE_ACCESS_DENIED: { status: 403, code: 'DENIED' },
  MIRRORGATE_REPOSITORY_DENIED: { status: 403, code: 'DENIED' },
  MIRRORGATE_UPSTREAM_DENIED: { status: 403, code: 'DENIED' },
  MIRRORGATE_CLIENT_BUSY: { status: 429, code: 'TOOMANYREQUESTS' },
  MIRRORGATE_BUDGET_SPENT: { status: 503, code: 'UNAVAILABLE' },
  MIRRORGATE_UPSTREAM_LIMITED: { status: 429, code: 'TOOMANYREQUESTS' },
  MIRRORGATE_UPSTREAM_UNREACHABLE: { status: 503, code: 'UNAVAILABLE' },
  MIRRORGATE_UPSTREAM_FAILED: { status: 503, code: 'UNAVAILABLE' },
  MIRRORGATE_UPSTREAM_REFUSED: { status: 502, code: 'UNAVAILABLE' },
  MIRRORGATE_CONTENT_INVALID: { status: 502, code: 'UNAVAILABLE' },
  MIRRORGATE_MANIFEST_UNKNOWN: { status: 404, code: 'MANIFEST_UNKNOWN' },
  MIRRORGATE_BLOB_UNKNOWN: { status: 404, code: 'BLOB_UNKNOWN' },
  MIRRORGATE_REPOSITORY_UNKNOWN: { status: 404, code: 'NAME_UNKNOWN' },
  MIRRORGATE_WORKER_UNREACHABLE: { status: 503, code: 'UNAVAILABLE' },
} as const satisfies Record<string, ErrorResponse>;

/** The codes that have a place in the table, for whoever raises one of them. */
export type ResponseErrorCode = keyof typeof responses;

const unknown: ErrorResponse = { status: 500, code: 'UNKNOWN' };

/** What a client is answered for `error`; 500 `UNKNOWN` for what nobody foresaw. */
export function errorResponse(error: unknown): ErrorResponse {
  if (!(error instanceof MirrorgateError)) return unknown;
  return Object.hasOwn(responses, error.code)
    ? responses[error.code as ResponseErrorCode]
    : unknown;
}

/** The JSON body of an error answer (distribution-spec §Error Codes). */
export function ociErrorBody(code: OciErrorCode, message: string, detail?: unknown): string {
  return JSON.stringify({
    errors: [{ code, message, ...(detail === undefined ? {} : { detail }) }],
  });
}
