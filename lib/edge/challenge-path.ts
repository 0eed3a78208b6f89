/** What anybody may ask in plain http while certificates are ordered: live tokens, nothing else. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { judgeHeaders, type MessageLimits } from './admission.ts';
import type { Challenges } from './challenges.ts';
import type { Peer } from './peer.ts';

const prefix = '/.well-known/acme-challenge/';
const tokenPattern = /^[A-Za-z0-9_-]{1,128}$/;

export interface PlainExchange {
  readonly limits: MessageLimits;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly peer: Peer;
}

/**
 * Answers a request under the path of challenges, 404 unless its token is live for its host
 * (RFC 8555 §8.3). Returns whether it was one, or came from a visitor, who gets nothing else.
 */
export function answerChallenge(exchange: PlainExchange, challenges: Challenges): boolean {
  const { request, response, peer } = exchange;
  if (request.url?.startsWith(prefix) !== true) {
    if (peer.isVisitor) request.socket.destroy();
    return peer.isVisitor;
  }
  response.on('error', () => response.destroy());
  // Whatever body came with it is not read.
  response.shouldKeepAlive = false;
  const body = tryKeyAuthorization(exchange, challenges) ?? '';
  response.writeHead(body === '' ? 404 : 200, {
    'content-type': 'application/octet-stream',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  response.end(request.method === 'HEAD' ? undefined : body);
  return true;
}

function tryKeyAuthorization(
  { request, limits }: PlainExchange,
  challenges: Challenges,
): string | undefined {
  const token = request.url?.slice(prefix.length) ?? '';
  if (!['GET', 'HEAD'].includes(request.method ?? '') || !tokenPattern.test(token)) {
    return undefined;
  }
  try {
    return challenges.keyAuthorization({ host: judgeHeaders(request, limits), token });
  } catch (error) {
    if (error instanceof MirrorgateError) return undefined;
    throw error;
  }
}
