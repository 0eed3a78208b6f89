/** What is known of one way to an upstream, for those who look on. */
import type { BreakerState } from './breaker.ts';
import type { RateLimit } from './rate-limit.ts';

/** What `status` shows of one way. */
export interface UpstreamState {
  readonly host: string;
  readonly account: string | undefined;
  readonly breaker: BreakerState;
  readonly rateLimit: RateLimit | undefined;
}

/** Of one way as several workers see it: what was learnt last, and whether any finds it out. */
export function mergedStates(states: readonly UpstreamState[]): UpstreamState[] {
  const merged = new Map<string, UpstreamState>();
  for (const state of states) {
    const key = `${state.host} ${state.account ?? ''}`;
    const known = merged.get(key);
    merged.set(key, known === undefined ? state : mergedState(known, state));
  }
  return [...merged.values()];
}

function mergedState(one: UpstreamState, other: UpstreamState): UpstreamState {
  const [older, newer] = [one.rateLimit, other.rateLimit].toSorted(
    (left, right) => (left?.seenAt.getTime() ?? 0) - (right?.seenAt.getTime() ?? 0),
  );
  return {
    ...one,
    breaker: one.breaker === 'closed' ? other.breaker : one.breaker,
    rateLimit: newer ?? older,
  };
}
