/** Response headers as they came: lower-case names, every value kept. */
import type { IncomingHttpHeaders } from 'undici/types/header.js';

export type AnswerHeaders = ReadonlyMap<string, readonly string[]>;

export function answerHeaders(received: IncomingHttpHeaders): AnswerHeaders {
  const headers = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(received)) {
    if (value !== undefined) headers.set(name, typeof value === 'string' ? [value] : value);
  }
  return headers;
}

/** The field's one value, several lines of it joined by commas (RFC 9110 §5.3). */
export function headerText(headers: AnswerHeaders, name: string): string | undefined {
  return headers.get(name)?.join(', ');
}

/** A `Content-Length`, or undefined where absent or malformed. */
export function contentLengthOf(headers: AnswerHeaders): number | undefined {
  const text = headerText(headers, 'content-length');
  return text !== undefined && /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Whether the body is as it was stored: we ask for `identity` and never decompress. */
export function isIdentityEncoded(headers: AnswerHeaders): boolean {
  const encoding = headerText(headers, 'content-encoding')?.trim().toLowerCase() ?? '';
  return encoding === '' || encoding === 'identity';
}
