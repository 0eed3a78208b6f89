/** What one stranger, one client and all of them together may take; every bound of an edge. */
import { z } from 'zod';
import { duration, rate, size, wholeNumber } from './scalars.ts';

export const limitsSchema = z.strictObject({
  connections: wholeNumber(1, 1_000_000).default(2_000).describe('open ones of a TLS process'),
  strangers: wholeNumber(0, 1_000_000)
    .default(256)
    .describe('of these, what may be open to addresses that are not on the allow-list'),
  connectionsPerAddress: wholeNumber(1, 1_000_000)
    .default(64)
    .describe('of one address; of an IPv6 client its /64'),
  handshake: duration.prefault('10s').describe('from the connection to the end of its handshake'),
  headers: duration.prefault('10s').describe('from the first byte of a request to its last header'),
  keepAlive: duration.prefault('60s').describe('a connection between two requests'),
  headerSize: size.prefault('8KiB').describe('of all headers of a request'),
  headerCount: wholeNumber(8, 2_000).default(64),
  urlLength: wholeNumber(256, 65_536).default(2_048),
  requestsPerConnection: wholeNumber(1, 1_000_000).default(1_000),
  readRate: rate
    .prefault('1KiB/s')
    .describe('a client that takes less of an answer that waits for it is let go'),
  readWindow: duration.prefault('30s').describe('over which that is measured'),
});

export interface LimitsConfiguration {
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

export function resolveLimits(written: z.output<typeof limitsSchema>): LimitsConfiguration {
  return {
    maxConnections: written.connections,
    maxStrangers: written.strangers,
    maxConnectionsPerAddress: written.connectionsPerAddress,
    handshakeTimeoutMs: written.handshake,
    headersTimeoutMs: written.headers,
    keepAliveTimeoutMs: written.keepAlive,
    maxHeaderBytes: written.headerSize,
    maxHeaderCount: written.headerCount,
    maxTargetLength: written.urlLength,
    maxRequestsPerConnection: written.requestsPerConnection,
    minReadBytesPerSecond: written.readRate,
    slowReaderWindowMs: written.readWindow,
  };
}

/** Those of a configuration that says nothing of them. */
export const standardLimits = resolveLimits(limitsSchema.parse({}));
