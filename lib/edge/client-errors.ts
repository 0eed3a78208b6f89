/** What a connection gets whose bytes are no HTTP that we accept: a short answer and the end. */
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { errorCode } from '../errors/mirrorgate-error.ts';

const statusByCode: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

export interface ClientError {
  readonly error: Error;
  /** What is being answered on the connection: a second answer must not land in its body. */
  readonly answer: ServerResponse | undefined;
}

export function endForError(socket: Duplex, { error, answer }: ClientError): void {
  const isCutOff = answer?.writableEnded === false;
  if (isCutOff || errorCode(error) === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = statusByCode[errorCode(error) ?? ''] ?? '400 Bad Request';
  endConnection(socket, answer === undefined ? statusText(status) : undefined);
}

/** Says `last` and closes. A client that does not close its own side is not waited for. */
export function endConnection(socket: Duplex, last?: string): void {
  socket.once('finish', () => socket.destroy());
  socket.end(last);
}

/** An answer of a status line and no more; `status` is code and reason. */
export function statusText(status: string): string {
  return `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
}
