/** What the supervisor and its processes say to each other, over Node's IPC (structured clones). */
import type { AllowListData } from '../access/allow-list.ts';
import type { ClientSighting } from '../ca/client-sightings.ts';
import type { CertifiedKey } from '../certificates/issuer.ts';
import type { CacheConfiguration, LogConfiguration, Mirror } from '../config/configuration.ts';
import type { BudgetOrders, UsageReport } from '../budget/usage.ts';
import type { BoundAddress } from '../edge/addresses.ts';
import type { EdgeChallenge } from '../edge/challenges.ts';
import type { EdgeSettings, TrustDocuments } from '../edge/settings.ts';
import type { RepositoryName } from '../oci/names.ts';
import type { Reference } from '../oci/reference.ts';
import type { WorkerExplanation } from '../worker/explanation.ts';
import type { ActivityReport } from './activity-batch.ts';
import type { ProcessMetrics } from './metrics-collector.ts';
import type { Purged, PurgeSelection } from '../store/purge.ts';
import type { UpstreamState } from '../upstream/upstream-state.ts';

/** What changed for an edge; a part that is absent stays as it is. */
export interface EdgeUpdate {
  readonly kind: 'update';
  readonly settings?: EdgeSettings;
  readonly certificates?: readonly SiteKey[];
  readonly allowList?: AllowListData;
  readonly budget?: EdgeBudget;
  /** Of TLS session tickets; never written anywhere. */
  readonly ticketKeys?: Uint8Array;
  readonly trust?: TrustDocuments | undefined;
  /** Those that are live, for a process that has just started. */
  readonly challenges?: readonly EdgeChallenge[];
}

/** What the budget asks of the edges: the same of all, but for their parts of clients' rates. */
export interface EdgeBudget {
  readonly orders: BudgetOrders;
  /** By the edge's name. */
  readonly shares: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

export interface SiteKey {
  readonly site: string;
  readonly certifiedKey: CertifiedKey;
}

/** What a worker serves; it is the only process that is told upstream credentials. */
export interface WorkerUpdate {
  readonly kind: 'update';
  readonly mirrors: readonly Mirror[];
  /** Of this worker's part of what all upstreams may send. */
  readonly upstreamBytesPerSecond: number | undefined;
}

export interface WorkerSetup {
  readonly kind: 'setup';
  readonly socketPath: string;
  readonly cache: CacheConfiguration;
  /** Which worker it is, from 0, of how many. */
  readonly index: number;
  readonly workers: number;
  readonly version: string;
}

export interface DrainRequest {
  readonly kind: 'drain';
  /** Answers in flight are cut after this. */
  readonly graceMs: number;
}

export type EdgeRequest = EdgeUpdate | DrainRequest;
export type WorkerRequest = WorkerSetup | WorkerUpdate | DrainRequest;

/** An error as facts: classes do not cross process boundaries. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
}

/** What the supervisor may ask any process. */
export type CommonQuestions = {
  readonly metrics: { readonly detail: undefined; readonly answer: ProcessMetrics };
};

/** What the supervisor may ask an edge. */
export type EdgeQuestions = CommonQuestions & {
  readonly status: { readonly detail: undefined; readonly answer: EdgeStatus };
  /** Content was removed from the cache: nothing of it is to be given out from memory. */
  readonly forgetAnswers: { readonly detail: undefined; readonly answer: undefined };
  /** Answered when whoever asks from then on sees the challenge. */
  readonly present: { readonly detail: EdgeChallenge; readonly answer: undefined };
  readonly withdraw: { readonly detail: EdgeChallenge; readonly answer: undefined };
};

/** What the supervisor may ask a worker. */
export type WorkerQuestions = CommonQuestions & {
  readonly status: { readonly detail: undefined; readonly answer: WorkerStatus };
  /** The one worker that keeps the records does it; the others answer with zeros. */
  readonly purge: { readonly detail: PurgeSelection; readonly answer: Purged };
  /** To read from the disk again what somebody else has changed there. */
  readonly look: { readonly detail: undefined; readonly answer: undefined };
  readonly explain: { readonly detail: ExplainQuestion; readonly answer: WorkerExplanation };
};

export interface ExplainQuestion {
  readonly mirror: string;
  readonly repository: RepositoryName;
  readonly reference: Reference;
  /** Origin of the upstream that is asked first. */
  readonly upstreamUrl: string;
}

export interface EdgeStatus {
  /** Open connections of clients. */
  readonly connections: number;
  /** Connections that were turned away, by address, the busiest first; at most 100. */
  readonly denials: readonly (readonly [address: string, connections: number])[];
}

export interface WorkerStatus {
  /** Of the contents that are this worker's. */
  readonly usedBytes: number;
  /** By mirror, in order of preference. */
  readonly upstreams: ReadonlyMap<string, readonly UpstreamState[]>;
}

export type EdgeReport =
  | { readonly kind: 'started' }
  | { readonly kind: 'activity'; readonly activity: ActivityReport }
  | { readonly kind: 'usage'; readonly usage: UsageReport }
  | {
      readonly kind: 'updated';
      readonly addresses: readonly BoundAddress[];
      readonly failures: readonly Failure[];
    }
  | { readonly kind: 'sightings'; readonly sightings: readonly ClientSighting[] };

export type WorkerReport =
  | { readonly kind: 'started' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly failure: Failure };

/**
 * What any process says that met with an unforeseen error: it takes no more work and ends when it
 * has done what it had. Its heir may start at once.
 */
export const leavingReport = { kind: 'leaving' } as const;

export function isLeaving(message: unknown): boolean {
  return typeof message === 'object' && (message as { kind?: unknown } | null)?.kind === 'leaving';
}

/** What every process is started with, as one JSON argument. */
export interface ProcessIdentity {
  /** `edge-1`, `worker-1`. */
  readonly name: string;
  readonly log: LogConfiguration;
}
