/**
 * Judges a request before anything is done with it. Registry pulls are a small language: what does
 * not belong to it is refused and the connection closed, so that no two parties can read one
 * message in two ways (HTTP request smuggling, path confusion).
 */
import type { IncomingMessage } from 'node:http';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { tryHostHeader, type HostName } from '../net/host-name.ts';
import { RecentTexts } from '../net/recent-texts.ts';
import type { ResponseErrorCode } from '../oci/error-responses.ts';
import type { Limits } from './limits.ts';

export type MessageLimits = Pick<Limits, 'maxHeaderCount' | 'maxTargetLength'>;

/** A request target taken apart once; everyone uses this and never the raw text again. */
export interface Target {
  readonly path: string;
  /** Without `?`; empty where there is none. */
  readonly query: string;
}

/**
 * What every request must satisfy, whatever it is for. Node shows all headers only with
 * `maxHeadersCount = 0`, so that they are counted here.
 *
 * @returns the host it names
 * @throws MirrorgateError `MIRRORGATE_REQUEST_HEADERS`, `MIRRORGATE_REQUEST_MALFORMED`
 */
export function judgeHeaders(request: IncomingMessage, limits: MessageLimits): HostName {
  const { rawHeaders, httpVersion } = request;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') {
    throw refusal('MIRRORGATE_REQUEST_MALFORMED', 'not HTTP/1.1');
  }
  if (rawHeaders.length / 2 > limits.maxHeaderCount) {
    throw refusal('MIRRORGATE_REQUEST_HEADERS', `more than ${limits.maxHeaderCount} headers`);
  }
  const host =
    count(rawHeaders, 'host') === 1 ? tryHostHeader(request.headers.host ?? '') : undefined;
  if (host === undefined) throw refusal('MIRRORGATE_REQUEST_MALFORMED', 'no valid Host header');
  return host;
}

/** How many headers of `rawHeaders` (names and values in turn) have this name, in lower case. */
function count(rawHeaders: readonly string[], name: string): number {
  let found = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.length === name.length && rawHeaders[index]?.toLowerCase() === name) {
      found += 1;
    }
  }
  return found;
}

/** Headers that announce a body, or another protocol, where a pull has neither. */
const forbiddenHeaders = ['transfer-encoding', 'expect', 'upgrade', 'trailer'] as const;

/**
 * What a pull must satisfy besides: GET or HEAD, no body, a plain target.
 * @throws MirrorgateError `MIRRORGATE_REQUEST_METHOD`, `_BODY`, `_MALFORMED`, `_TARGET_LENGTH`
 */
export function judgePull(request: IncomingMessage, limits: MessageLimits): Target {
  const { method, headers } = request;
  const target = parseTarget(request.url ?? '', limits);
  if (method !== 'GET' && method !== 'HEAD') {
    throw refusal(
      'MIRRORGATE_REQUEST_METHOD',
      `${method ?? ''} is not supported: a mirror is read-only`,
    );
  }
  for (const name of forbiddenHeaders) {
    if (headers[name] !== undefined) {
      throw refusal('MIRRORGATE_REQUEST_BODY', `a ${method} with a ${name} header`);
    }
  }
  const { 'content-length': contentLength } = headers;
  if (contentLength !== undefined && contentLength !== '0') {
    throw refusal('MIRRORGATE_REQUEST_BODY', `a ${method} with a body`);
  }
  return target;
}

/**
 * What a request must satisfy that asks for another protocol: a WebSocket and no other, and no
 * body before it (RFC 6455 §4.1).
 * @throws MirrorgateError `MIRRORGATE_REQUEST_BODY`
 */
export function judgeUpgrade({ method, headers }: IncomingMessage): void {
  const isWebSocket = method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
  const { 'content-length': contentLength, 'transfer-encoding': transferEncoding } = headers;
  if (isWebSocket && contentLength === undefined && transferEncoding === undefined) return;
  throw refusal('MIRRORGATE_REQUEST_BODY', 'an upgrade to anything but a WebSocket');
}

/** Path characters of the pull API: nothing that any party would decode. */
const plainPath = /^\/[A-Za-z0-9._~:/@!$&'()*+,;=-]*$/;
const plainQuery = /^[A-Za-z0-9._~:/?@!$&'()*+,;=%-]*$/;

const recentTargets = new RecentTexts<Target>();

/** @throws MirrorgateError `MIRRORGATE_REQUEST_TARGET_LENGTH`, `MIRRORGATE_REQUEST_MALFORMED` */
export function parseTarget(url: string, limits: MessageLimits): Target {
  if (url.length > limits.maxTargetLength) {
    throw refusal(
      'MIRRORGATE_REQUEST_TARGET_LENGTH',
      `a request target of more than ${limits.maxTargetLength} characters`,
    );
  }
  const known = recentTargets.get(url);
  if (known !== undefined) return known;
  const path = pathOf(url);
  const query = url.slice(path.length + 1);
  const segments = path.split('/').slice(1);
  const isPlain =
    plainPath.test(path) &&
    plainQuery.test(query) &&
    !segments.some((segment) => segment === '.' || segment === '..') &&
    !segments.slice(0, -1).includes('');
  if (!isPlain) throw refusal('MIRRORGATE_REQUEST_MALFORMED', 'a malformed request target');
  return recentTargets.set(url, { path, query });
}

/** Of a request target: what stands before its query. */
export function pathOf(url: string): string {
  const mark = url.indexOf('?');
  return mark === -1 ? url : url.slice(0, mark);
}

function refusal(code: ResponseErrorCode, message: string): MirrorgateError {
  return new MirrorgateError(code, message);
}
