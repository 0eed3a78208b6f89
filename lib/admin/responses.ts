/** How the admin listener answers. Nothing of it may be framed, guessed at or kept by a browser. */
import type { ServerResponse } from 'node:http';

/** A page may load what this listener serves, and may speak to nobody else. */
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

export const safetyHeaders = {
  'content-security-policy': pagePolicy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

export interface Content {
  readonly contentType: string;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export function send(response: ServerResponse, status: number, content: Content): void {
  const body = Buffer.from(content.body as string);
  response.writeHead(status, {
    ...safetyHeaders,
    'content-type': content.contentType,
    'content-length': body.length,
    ...content.headers,
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

export function sendText(response: ServerResponse, status: number, text: string): void {
  send(response, status, { contentType: 'text/plain; charset=utf-8', body: `${text}\n` });
}

export function sendHtml(response: ServerResponse, status: number, body: string): void {
  send(response, status, { contentType: 'text/html; charset=utf-8', body });
}

export function sendJson(response: ServerResponse, value: unknown): void {
  const body = `${JSON.stringify(value, undefined, 2)}\n`;
  send(response, 200, { contentType: 'application/json', body });
}
