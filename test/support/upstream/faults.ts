/** What a fake upstream does wrong on purpose. Offsets count in the whole representation. */
import { gzipSync } from 'node:zlib';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FakeExchange } from './fake-server.ts';

export type Fault =
  /** Closes the connection once byte `atByte` is reached. */
  | { readonly kind: 'cut'; readonly atByte: number }
  /** Inverts one byte. */
  | { readonly kind: 'flip'; readonly atByte: number }
  /** Sends nothing more from `atByte` on, and keeps the connection open. */
  | { readonly kind: 'stall'; readonly atByte: number }
  | { readonly kind: 'slow'; readonly bytesPerSecond: number }
  /** Announces `delta` bytes more (or fewer) than it sends. */
  | { readonly kind: 'wrong-length'; readonly delta: number }
  /** Sends, and announces, `bytes` more than belong to it. */
  | { readonly kind: 'extra'; readonly bytes: number }
  | { readonly kind: 'wrong-digest-header' }
  /** Chunked, without Content-Length. */
  | { readonly kind: 'chunked' }
  /** Compressed, though identity was asked for. */
  | { readonly kind: 'gzip' }
  /** Serves these bytes in place of the right ones, under the same headers. */
  | { readonly kind: 'replace'; readonly bytes: Buffer }
  /** Ignores `Range`: a 200 with everything. */
  | { readonly kind: 'no-range' }
  /** Adds or replaces headers of the answer. */
  | { readonly kind: 'headers'; readonly headers: Readonly<Record<string, string | string[]>> }
  /** Answers this instead. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string | string[]>>;
      /** Not before this. */
      readonly after?: Promise<undefined>;
    }
  /** To the same path of another origin, with a signature to be kept secret. */
  | { readonly kind: 'redirect'; readonly to: string; readonly status?: number }
  /** Accepts and never answers. */
  | { readonly kind: 'silent' }
  /** Resets the connection before any answer. */
  | { readonly kind: 'reset' };

/** The query that the `redirect` fault adds; must never be seen in a log or an error. */
export const redirectSecret = 'X-Signature=do-not-show-me';

/** Does what replaces the whole answer; false where `fault` only spoils it. */
export function answerFault({ request, response, url }: FakeExchange, fault: Fault): boolean {
  if (fault.kind === 'silent') return true;
  if (fault.kind === 'reset') {
    request.socket.resetAndDestroy();
    return true;
  }
  if (fault.kind === 'status') {
    const answer = (): void => {
      response.writeHead(fault.status, { ...fault.headers }).end(fault.body ?? '');
    };
    if (fault.after === undefined) answer();
    else void fault.after.then(answer);
    return true;
  }
  if (fault.kind === 'redirect') {
    const location = `${fault.to}${url.pathname}?${redirectSecret}`;
    response.writeHead(fault.status ?? 307, { location }).end('moved');
    return true;
  }
  return false;
}

/** A representation, ready to be sent whole or from an offset on. */
export interface Content {
  readonly bytes: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

interface Sending {
  readonly exchange: FakeExchange;
  readonly content: Content;
  readonly fault: Fault | undefined;
}

/** Sends `content`, as the request's method and single `Range` ask, spoiled by `fault`. */
export async function sendContent({ exchange, content, fault }: Sending): Promise<void> {
  const { request, response } = exchange;
  const whole = spoiledBytes(content.bytes, fault);
  const asked = fault?.kind === 'no-range' ? undefined : request.headers.range;
  const { first, end } = rangeOf(asked, whole.length);
  if (first > 0 && first >= whole.length) {
    response.writeHead(416, { 'content-range': `bytes */${whole.length}` }).end();
    return;
  }
  const body = whole.subarray(first, end);
  const announced = body.length + (fault?.kind === 'wrong-length' ? fault.delta : 0);
  response.writeHead(first > 0 ? 206 : 200, {
    'accept-ranges': 'bytes',
    ...(fault?.kind === 'chunked' ? {} : { 'content-length': announced }),
    ...(first > 0 ? { 'content-range': `bytes ${first}-${end - 1}/${whole.length}` } : {}),
    ...content.headers,
    ...spoiledHeaders(fault),
  });
  if (request.method === 'HEAD') {
    response.end();
  } else if (fault?.kind === 'cut' || fault?.kind === 'stall') {
    response.flushHeaders();
    await write(exchange, body.subarray(0, Math.max(0, fault.atByte - first)));
    if (fault.kind === 'cut') request.socket.destroySoon();
  } else {
    await writeWhole({ exchange, body, fault });
  }
}

interface Writing {
  readonly exchange: FakeExchange;
  readonly body: Buffer;
  readonly fault: Fault | undefined;
}

async function writeWhole({ exchange, body, fault }: Writing): Promise<void> {
  const { response } = exchange;
  const isSlow = fault?.kind === 'slow';
  const pieceBytes = isSlow
    ? Math.max(1, Math.floor((fault.bytesPerSecond * slowTickMs) / 1000))
    : 64 * 1024;
  for (let at = 0; at < body.length && !response.destroyed; at += pieceBytes) {
    await write(exchange, body.subarray(at, at + pieceBytes));
    if (isSlow) await sleep(Math.max(slowTickMs, 1000 / fault.bytesPerSecond));
  }
  // What was announced and does not come would be waited for: a server that errs so hangs up.
  if (fault?.kind === 'wrong-length') exchange.request.socket.destroySoon();
  else response.end();
}

/** Counts the piece, and waits where the client is slower. */
async function write(exchange: FakeExchange, piece: Buffer): Promise<void> {
  if (piece.length === 0) return;
  exchange.record.bodyBytes += piece.length;
  if (!exchange.response.write(piece)) await drained(exchange);
}

const slowTickMs = 10;

function spoiledHeaders(fault: Fault | undefined): Readonly<Record<string, string | string[]>> {
  if (fault?.kind === 'headers') return fault.headers;
  if (fault?.kind === 'gzip') return { 'content-encoding': 'gzip' };
  const isWrong = fault?.kind === 'wrong-digest-header';
  return isWrong ? { 'docker-content-digest': `sha256:${'0'.repeat(64)}` } : {};
}

function spoiledBytes(bytes: Buffer, fault: Fault | undefined): Buffer {
  if (fault?.kind === 'flip') {
    const spoiled = Buffer.from(bytes);
    spoiled[fault.atByte] = (spoiled[fault.atByte] ?? 0) ^ 0xff;
    return spoiled;
  }
  if (fault?.kind === 'extra') return Buffer.concat([bytes, Buffer.alloc(fault.bytes, 'x')]);
  if (fault?.kind === 'gzip') return gzipSync(bytes);
  return fault?.kind === 'replace' ? fault.bytes : bytes;
}

/** `bytes=N-` and `bytes=N-M`; anything else asks for all. */
function rangeOf(header: string | undefined, length: number): { first: number; end: number } {
  const [, first = '0', last = ''] = /^bytes=([0-9]+)-([0-9]*)$/.exec(header ?? '') ?? [];
  return { first: Number(first), end: last === '' ? length : Math.min(length, Number(last) + 1) };
}

/** Until the client has taken what was written, or has left. */
async function drained({ response }: FakeExchange): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const done = (): void => resolve(undefined);
  response.once('drain', done);
  response.once('close', done);
  await promise;
  response.off('drain', done);
  response.off('close', done);
}
