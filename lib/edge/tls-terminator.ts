/** A TLS and HTTP server that never listens by itself: connections that are let in are given to it. */
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { Limits } from './limits.ts';
import { PacedResponse } from './paced-response.ts';

export type Terminator = Server<typeof IncomingMessage, typeof PacedResponse>;

/** `tls` are the certificates, and how a handshake chooses among them. */
export function createTerminator(tls: ServerOptions, limits: Limits): Terminator {
  const terminator = createServer({
    ...tls,
    ServerResponse: PacedResponse,
    handshakeTimeout: limits.handshakeTimeoutMs,
    headersTimeout: limits.headersTimeoutMs,
    // Bodies reach services only, which may upload for hours; idle ones end by their own timeout.
    requestTimeout: 0,
    connectionsCheckingInterval: limits.checkIntervalMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    maxHeaderSize: limits.maxHeaderBytes,
    // Judged with the rest, so that it is one answer with its reason.
    requireHostHeader: false,
  });
  // Any other limit makes Node hide headers past it while the parser still obeys them.
  terminator.maxHeadersCount = 0;
  // Bounds what a client may send ahead of its answers.
  terminator.maxRequestsPerSocket = limits.maxRequestsPerConnection;
  // Node begins to watch header deadlines at this event only.
  terminator.emit('listening');
  return terminator;
}
