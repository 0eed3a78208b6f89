/**
 * What an edge gathers between two reports to the supervisor: who was served what. Bounded in every
 * direction: under load single exchanges are dropped and counted, the sums by client go on.
 */
import type { DenialReason, FinishedExchange } from '../edge/observer.ts';

/** What one client was sent since the last report. */
export interface ClientShare {
  readonly address: string;
  readonly label: string | undefined;
  requests: number;
  sentBytes: number;
  /** Refused, failed or broken off. */
  failures: number;
  /** Requests for content of an image, by HEAD too. */
  pulls: number;
  /** Manifests that it was given whole. */
  manifests: number;
  /** Answers with a blob, or part of one, or word that there is one. */
  blobs: number;
  /** Answers with how to set a client up. */
  setups: number;
  firstSeenMs: number;
  lastSeenMs: number;
  /** 0 where there was none. */
  lastManifestMs: number;
  agent: string | undefined;
}

export interface DeniedAddress {
  readonly address: string;
  readonly reason: DenialReason;
  connections: number;
  lastSeenMs: number;
}

export interface ActivityReport {
  readonly exchanges: readonly FinishedExchange[];
  /** How many more there were. */
  readonly dropped: number;
  readonly clients: readonly ClientShare[];
  readonly denied: readonly DeniedAddress[];
}

const maxExchanges = 100;
const maxClients = 1_000;
const maxDenied = 100;
const maxAgentLength = 120;
/** Of a repository, a tag or an error, of which clients choose the length. */
const maxTextLength = 300;

export class ActivityBatch {
  #exchanges: FinishedExchange[] = [];
  #dropped = 0;
  #clients = new Map<string, ClientShare>();
  #denied = new Map<string, DeniedAddress>();

  finished(exchange: FinishedExchange): void {
    if (exchange.kind !== 'ping') {
      if (this.#exchanges.length < maxExchanges) this.#exchanges.push(shortened(exchange));
      else this.#dropped += 1;
    }
    const share = this.#share(exchange);
    if (share === undefined) return;
    share.requests += 1;
    share.sentBytes += exchange.sentBytes;
    if (isFailure(exchange)) share.failures += 1;
    countKind(share, exchange);
    share.lastSeenMs = exchange.endedAtMs;
    share.agent = exchange.agent?.slice(0, maxAgentLength) ?? share.agent;
  }

  denied(address: string, reason: DenialReason, atMs: number): void {
    const known = this.#denied.get(address);
    if (known !== undefined) {
      known.connections += 1;
      known.lastSeenMs = atMs;
    } else if (this.#denied.size < maxDenied) {
      this.#denied.set(address, { address, reason, connections: 1, lastSeenMs: atMs });
    }
  }

  /** What was gathered, which begins anew; undefined where there is nothing to tell. */
  take(): ActivityReport | undefined {
    if (this.#exchanges.length + this.#clients.size + this.#denied.size === 0) return undefined;
    const report = {
      exchanges: this.#exchanges,
      dropped: this.#dropped,
      clients: [...this.#clients.values()],
      denied: [...this.#denied.values()],
    };
    this.#exchanges = [];
    this.#dropped = 0;
    this.#clients = new Map();
    this.#denied = new Map();
    return report;
  }

  #share({ client: address, label, endedAtMs }: FinishedExchange): ClientShare | undefined {
    if (address === undefined) return undefined;
    const known = this.#clients.get(address);
    if (known !== undefined) return known;
    if (this.#clients.size >= maxClients) return undefined;
    const share: ClientShare = { address, label, ...nothingYet, firstSeenMs: endedAtMs };
    this.#clients.set(address, share);
    return share;
  }
}

const nothingYet = {
  ...{ requests: 0, sentBytes: 0, failures: 0, pulls: 0, manifests: 0, blobs: 0, setups: 0 },
  ...{ firstSeenMs: 0, lastSeenMs: 0, lastManifestMs: 0, agent: undefined },
};

function countKind(share: ClientShare, exchange: FinishedExchange): void {
  const { kind, method, status = 0, isComplete, endedAtMs } = exchange;
  const isGiven = status >= 200 && status < 300;
  if (kind === 'manifest' || kind === 'blob') share.pulls += 1;
  if (kind === 'blob' && isGiven) share.blobs += 1;
  if (kind === 'setup' && isGiven) share.setups += 1;
  if (kind !== 'manifest' || !isGiven || method !== 'GET' || !isComplete) return;
  share.manifests += 1;
  share.lastManifestMs = endedAtMs;
}

function shortened(exchange: FinishedExchange): FinishedExchange {
  const { agent, repository, reference, error } = exchange;
  return {
    ...exchange,
    agent: agent?.slice(0, maxAgentLength),
    repository: repository?.slice(0, maxTextLength),
    reference: reference?.slice(0, maxTextLength),
    error: error?.slice(0, maxTextLength),
  };
}

/** Whether somebody should look why; what an upstream does not have is an answer like any other. */
export function isFailure({ status, isComplete }: FinishedExchange): boolean {
  return !isComplete || status === undefined || (status >= 400 && status !== 404);
}
