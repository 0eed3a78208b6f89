/**
 * What one stranger, one client and all of them together may take. Every bound of the edge stands
 * here; the figures come from measured defaults of Node that were too generous for the internet.
 */
export interface Limits {
  /** Open connections of one edge process. */
  readonly maxConnections: number;
  /** Of these, what may be open to peers that are not on the allow-list. */
  readonly maxStrangers: number;
  /** Open connections from one address, and from one IPv6 /64. */
  readonly maxConnectionsPerAddress: number;
  /** From the accepted connection to the end of the TLS handshake. */
  readonly handshakeTimeoutMs: number;
  /** From the first byte of a request to the end of its headers. */
  readonly headersTimeoutMs: number;
  /** How often connections are looked through for those beyond a limit of time. */
  readonly checkIntervalMs: number;
  /** An idle connection between two requests. */
  readonly keepAliveTimeoutMs: number;
  readonly maxHeaderBytes: number;
  readonly maxHeaderCount: number;
  readonly maxTargetLength: number;
  readonly maxRequestsPerConnection: number;
  /** A client that takes less than this of an answer that waits for it is let go. */
  readonly minReadBytesPerSecond: number;
  /** Over which span that is measured. */
  readonly slowReaderWindowMs: number;
}

export const limits: Limits = {
  maxConnections: 2_000,
  maxStrangers: 256,
  maxConnectionsPerAddress: 64,
  handshakeTimeoutMs: 10_000,
  headersTimeoutMs: 10_000,
  checkIntervalMs: 1_000,
  keepAliveTimeoutMs: 60_000,
  maxHeaderBytes: 8 * 1024,
  maxHeaderCount: 64,
  maxTargetLength: 2_048,
  maxRequestsPerConnection: 1_000,
  minReadBytesPerSecond: 1_024,
  slowReaderWindowMs: 30_000,
};
