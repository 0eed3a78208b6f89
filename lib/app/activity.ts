/** What the edges told of late: the last exchanges and failures, and who was seen. In memory alone. */
import { LRUCache } from 'lru-cache';
import type { FinishedExchange } from '../edge/observer.ts';
import {
  isFailure,
  type ActivityReport,
  type ClientShare,
  type DeniedAddress,
} from './activity-batch.ts';

export type ActivityListener = (exchange: FinishedExchange) => void;

const keptExchanges = 200;
const keptFailures = 100;
const keptClients = 2_000;
const keptDenied = 200;

export class Activity {
  #recent: readonly FinishedExchange[] = [];
  #failures: readonly FinishedExchange[] = [];
  readonly #clients = new LRUCache<string, ClientShare>({ max: keptClients });
  readonly #denied = new LRUCache<string, DeniedAddress>({ max: keptDenied });
  readonly #listeners = new Set<ActivityListener>();
  #dropped = 0;

  /** The newest first. */
  get recent(): readonly FinishedExchange[] {
    return this.#recent;
  }

  /** What was refused, failed or broke off, the newest first. */
  get failures(): readonly FinishedExchange[] {
    return this.#failures;
  }

  /** Who took most, first. */
  get clients(): readonly ClientShare[] {
    return [...this.#clients.values()].sort((left, right) => right.sentBytes - left.sentBytes);
  }

  /** Who was turned away, the last first. */
  get denied(): readonly DeniedAddress[] {
    return [...this.#denied.values()].sort((left, right) => right.lastSeenMs - left.lastSeenMs);
  }

  /** Exchanges that the edges had no room to tell of. */
  get dropped(): number {
    return this.#dropped;
  }

  take({ exchanges, dropped, clients, denied }: ActivityReport): void {
    this.#dropped += dropped;
    const newest = exchanges.toReversed();
    this.#recent = [...newest, ...this.#recent].slice(0, keptExchanges);
    this.#failures = [...newest.filter(isFailure), ...this.#failures].slice(0, keptFailures);
    for (const share of clients) this.#add(share);
    for (const address of denied) this.#deny(address);
    for (const exchange of exchanges) for (const listen of this.#listeners) listen(exchange);
  }

  /** Tells `listener` of every exchange from now on, until the returned function is called. */
  listen(listener: ActivityListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #add(share: ClientShare): void {
    const known = this.#clients.get(share.address);
    this.#clients.set(share.address, known === undefined ? share : sumOf(known, share));
  }

  #deny(denied: DeniedAddress): void {
    const before = this.#denied.get(denied.address)?.connections ?? 0;
    this.#denied.set(denied.address, { ...denied, connections: denied.connections + before });
  }
}

function sumOf(known: ClientShare, share: ClientShare): ClientShare {
  return {
    ...share,
    requests: known.requests + share.requests,
    sentBytes: known.sentBytes + share.sentBytes,
    failures: known.failures + share.failures,
    pulls: known.pulls + share.pulls,
    manifests: known.manifests + share.manifests,
    blobs: known.blobs + share.blobs,
    setups: known.setups + share.setups,
    firstSeenMs: known.firstSeenMs,
    lastManifestMs: Math.max(known.lastManifestMs, share.lastManifestMs),
    agent: share.agent ?? known.agent,
  };
}
