/**
 * What an upstream says of our quota, in the headers of Docker Hub (docs.docker.com, "Pull usage
 * and limits"): `ratelimit-limit: 100;w=21600`, `ratelimit-remaining`, `docker-ratelimit-source`.
 */
import { headerText, type AnswerHeaders } from './answer-headers.ts';

export interface RateLimit {
  /** Pulls per window; undefined where only the rest was named. */
  readonly limit: number | undefined;
  readonly remaining: number | undefined;
  readonly windowSeconds: number | undefined;
  /** What is counted against: an address or an account. */
  readonly source: string | undefined;
  readonly seenAt: Date;
}

/** The quota that `headers` tell of, or undefined where they tell of none. */
export function tryRateLimit(headers: AnswerHeaders, seenAt: Date): RateLimit | undefined {
  const limit = tryQuota(headerText(headers, 'ratelimit-limit'));
  const remaining = tryQuota(headerText(headers, 'ratelimit-remaining'));
  if (limit === undefined && remaining === undefined) return undefined;
  return {
    limit: limit?.count,
    remaining: remaining?.count,
    windowSeconds: limit?.windowSeconds ?? remaining?.windowSeconds,
    source: headerText(headers, 'docker-ratelimit-source')?.slice(0, maxSourceLength),
    seenAt,
  };
}

const maxSourceLength = 128;

interface Quota {
  readonly count: number;
  readonly windowSeconds: number | undefined;
}

/** `100;w=21600`, or the count alone. */
function tryQuota(text: string | undefined): Quota | undefined {
  const match = /^([0-9]{1,12})(?:[ \t]*;[ \t]*w=([0-9]{1,12}))?$/.exec(text?.trim() ?? '');
  if (match === null) return undefined;
  const [, count, window] = match;
  return { count: Number(count), windowSeconds: window === undefined ? undefined : Number(window) };
}
