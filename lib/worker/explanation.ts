/** What would become of a pull: what is held, and what the upstream says, step by step, timed. */
import { lookup } from 'node:dns/promises';
import type { CachedMirror } from '../cache/cached-mirror.ts';
import type { Cache } from '../cache/cache.ts';
import type { Holdings } from '../cache/holdings.ts';
import { errorMessage, MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { RepositoryName } from '../oci/names.ts';
import type { Reference } from '../oci/reference.ts';
import type { RequestStep } from '../upstream/request-tally.ts';

export interface ExplainedStep {
  readonly step: string;
  readonly outcome: string;
  readonly durationMs: number;
  /** `none` where it is neither: nothing is held of what nobody has pulled yet. */
  readonly result: 'ok' | 'failed' | 'none';
}

/** What the upstream said of the manifest. */
export type UpstreamWord =
  | { readonly kind: 'found'; readonly digest: string | undefined }
  | {
      readonly kind: 'failed';
      readonly code: string;
      readonly message: string;
      readonly hint: string | undefined;
    };

export interface WorkerExplanation {
  readonly steps: readonly ExplainedStep[];
  readonly holdings: Holdings;
  /** Whether the tag is answered now without asking the upstream. */
  readonly isFresh: boolean;
  readonly upstream: UpstreamWord;
}

export interface ExplainedPull {
  readonly mirror: CachedMirror;
  readonly repository: RepositoryName;
  readonly reference: Reference;
  /** Origin of the upstream that is asked first. */
  readonly upstreamUrl: string;
}

const lookupDeadlineMs = 5_000;

/** Well within the time that whoever asked waits. */
const upstreamDeadlineMs = 20_000;

/** Costs the upstream one HEAD, which counts against no quota, and the token for it. */
export async function explainPull(cache: Cache, pull: ExplainedPull): Promise<WorkerExplanation> {
  const { mirror, repository, reference, upstreamUrl } = pull;
  const begunAt = performance.now();
  const holdings = await cache.holdings({ mirror: mirror.name, repository }, reference);
  const steps = [holdingsStep(holdings, performance.now() - begunAt)];
  const { hostname } = new URL(upstreamUrl);
  steps.push(await lookupStep(hostname));
  const requests: RequestStep[] = [];
  const upstream = await askUpstream(pull, requests);
  steps.push(...requests.map(requestStep));
  return { steps, holdings, isFresh: isFresh(mirror, reference, holdings), upstream };
}

function holdingsStep(
  { tag, held, known, heldBytes }: Holdings,
  durationMs: number,
): ExplainedStep {
  const parts = `${held} of ${known} known parts are here (${heldBytes} bytes)`;
  const outcome =
    known > 0 ? parts : tag === undefined ? 'never pulled through here' : 'its manifest is gone';
  return { step: 'cache', outcome, durationMs, result: known > 0 ? 'ok' : 'none' };
}

async function lookupStep(host: string): Promise<ExplainedStep> {
  const begunAt = performance.now();
  const step = `DNS ${host}`;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`no answer within ${lookupDeadlineMs} ms`)),
    lookupDeadlineMs,
  );
  try {
    const found = await Promise.race([lookup(host, { all: true }), late.promise]);
    const outcome = found.map(({ address }) => address).join(', ');
    return { step, outcome, durationMs: performance.now() - begunAt, result: 'ok' };
  } catch (error) {
    const durationMs = performance.now() - begunAt;
    return { step, outcome: errorMessage(error), durationMs, result: 'failed' };
  } finally {
    clearTimeout(timer);
  }
}

function requestStep({ request, status, durationMs }: RequestStep): ExplainedStep {
  // A 401 is how a registry tells where its tokens are; the request is made again with one.
  const isGood = status !== undefined && (status < 400 || status === 401);
  return {
    step: request,
    outcome: String(status ?? 'no answer'),
    durationMs,
    result: isGood ? 'ok' : 'failed',
  };
}

async function askUpstream(
  { mirror, repository, reference }: ExplainedPull,
  steps: RequestStep[],
): Promise<UpstreamWord> {
  try {
    const { contentDigest } = await mirror.upstream.fetch({
      method: 'HEAD',
      repository,
      resource: { kind: 'manifest', reference },
      signal: AbortSignal.timeout(upstreamDeadlineMs),
      tally: { requests: 0, steps },
    });
    return { kind: 'found', digest: contentDigest };
  } catch (error) {
    const isOurs = error instanceof MirrorgateError;
    return {
      kind: 'failed',
      code: isOurs ? error.code : 'MIRRORGATE_UPSTREAM_UNREACHABLE',
      message: errorMessage(error),
      hint: isOurs ? error.hint : undefined,
    };
  }
}

function isFresh(
  mirror: CachedMirror,
  reference: Reference,
  { tag, hasManifest }: Holdings,
): boolean {
  if (!hasManifest) return false;
  if (reference.kind === 'digest') return true;
  if (tag === undefined) return false;
  return mirror.isImmutable(reference.tag) || Date.now() - tag.checkedAt.getTime() < mirror.ttlMs;
}
