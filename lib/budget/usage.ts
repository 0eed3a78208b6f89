/** What was sent to whom, and for what: the words in which edges and supervisor speak of traffic. */

/** Bytes on the wire (TLS included) that went out since the last report. */
export interface UsageDelta {
  /** Address of the client; of an IPv6 client its /64. */
  readonly client: string;
  /** Mirror or service; undefined for handshakes, refusals and documents. */
  readonly mirror: string | undefined;
  readonly repository: string | undefined;
  readonly bytes: number;
}

/** A manifest that a client was given: it may go on with the blobs while a spent budget refuses. */
export interface GivenManifest {
  readonly client: string;
  readonly mirror: string;
  readonly repository: string;
  readonly atMs: number;
}

export interface UsageReport {
  readonly deltas: readonly UsageDelta[];
  readonly given: readonly GivenManifest[];
  /** Connections of every client; only where they changed and several edges share a client's rate. */
  readonly open: readonly (readonly [client: string, connections: number])[] | undefined;
}

/** What the budget lets through: everything, what is in the cache, or no new image at all. */
export type BudgetMode = 'open' | 'hits-only' | 'refuse';

/** What an edge is told of the budget: whole, and anew whenever it changes. */
export interface BudgetOrders {
  readonly mode: BudgetMode;
  /** For all clients of this edge together. */
  readonly totalBytesPerSecond: number | undefined;
  /** For all connections of one client, on all edges. */
  readonly clientBytesPerSecond: number | undefined;
  /** This edge's part of a client's rate, where it is not the whole; from 0 to 1. */
  readonly shares: ReadonlyMap<string, number>;
  /** Part of a client's rate where nothing is said of the client. */
  readonly standardShare: number;
  /** Clients that have spent their own quota: `refuse` holds for them. */
  readonly spentClients: ReadonlySet<string>;
  /** Blobs of manifests that were given out before are sent for so long. */
  readonly graceMs: number;
  /** Manifests given out by other edges, too. */
  readonly given: readonly GivenManifest[];
  /** For `Retry-After`. */
  readonly resetAtMs: number;
}

/** Nothing is limited. */
export const noOrders: BudgetOrders = Object.freeze({
  mode: 'open',
  totalBytesPerSecond: undefined,
  clientBytesPerSecond: undefined,
  shares: new Map<string, number>(),
  standardShare: 1,
  spentClients: new Set<string>(),
  graceMs: 0,
  given: [],
  resetAtMs: 0,
});
