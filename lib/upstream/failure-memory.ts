/**
 * Failures that would only repeat themselves if the upstream were asked again at once: what does
 * not exist, for seconds, and a spent quota, for as long as the upstream said.
 */
import { LRUCache } from 'lru-cache';
import { pullPath } from '../oci/pull-path.ts';
import type { Clock } from '../time/clock.ts';
import { UpstreamLimitedError, UpstreamUnknownError, type UpstreamError } from './errors.ts';
import type { UpstreamRequest } from './messages.ts';

/** Long enough for a herd, short enough for someone who has just pushed. */
const unknownLifetimeMs = 10_000;

/** Where a 429 named no time. */
const limitedLifetimeMs = 10_000;
const longestLimitMs = 3_600_000;

const maxEntries = 10_000;

interface Entry {
  readonly error: UpstreamError;
  readonly untilMs: number;
}

export class FailureMemory {
  readonly #clock: Clock;
  readonly #entries = new LRUCache<string, Entry>({ max: maxEntries });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Why `request` is known to fail now, or undefined. */
  find(request: UpstreamRequest): UpstreamError | undefined {
    const nowMs = this.#clock.now().getTime();
    return [resourceKey(request), quotaKey(request)]
      .map((key) => this.#entries.get(key))
      .find((entry) => entry !== undefined && nowMs < entry.untilMs)?.error;
  }

  /** Keeps 404 and 429 and nothing else: every other failure may be over at any moment. */
  note(request: UpstreamRequest, error: unknown): void {
    const nowMs = this.#clock.now().getTime();
    if (error instanceof UpstreamUnknownError) {
      this.#entries.set(resourceKey(request), { error, untilMs: nowMs + unknownLifetimeMs });
    }
    if (error instanceof UpstreamLimitedError) {
      const told = error.retryAfterSeconds;
      const lifetimeMs =
        told === undefined ? limitedLifetimeMs : Math.min(told * 1000, longestLimitMs);
      this.#entries.set(quotaKey(request), { error, untilMs: nowMs + lifetimeMs });
    }
  }
}

/** By method too: a registry may deny a HEAD what its GET gives. */
function resourceKey({ method, repository, resource }: UpstreamRequest): string {
  return `${method} ${pullPath({ ...resource, repository })}`;
}

/** A quota counts one kind of request: Docker Hub's the manifests that are fetched. */
function quotaKey({ method, resource }: UpstreamRequest): string {
  return `${method} ${resource.kind}`;
}
