/**
 * What one stranger, one client and all of them together may take. Every bound of the edge stands
 * here; the figures come from measured defaults of Node that were too generous for the internet.
 */
export const limits = {
  /** Open connections of one edge process. */
  maxConnections: 2_000,
  /** Open connections from one address, and from one IPv6 /64. */
  maxConnectionsPerAddress: 64,
  /** From the accepted connection to the end of the TLS handshake. */
  handshakeTimeoutMs: 10_000,
  /** From the first byte of a request to the end of its headers. */
  headersTimeoutMs: 10_000,
  /** How often Node looks for requests beyond `headersTimeoutMs`. */
  checkIntervalMs: 1_000,
  /** An idle connection between two requests. */
  keepAliveTimeoutMs: 60_000,
  maxHeaderBytes: 8 * 1024,
  maxHeaderCount: 64,
  maxTargetLength: 2_048,
  maxRequestsPerConnection: 1_000,
  /** A client that takes less than this of an answer that waits for it is let go. */
  minReadBytesPerSecond: 1_024,
  /** Over which span that is measured. */
  slowReaderWindowMs: 30_000,
} as const;
