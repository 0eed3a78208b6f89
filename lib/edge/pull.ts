/** A pull that was routed and permitted: judged by the budget, handed to a worker, remembered. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { cacheStatusText } from '../net/cache-status.ts';
import { upstreamRequestsHeader } from '../net/internal-headers.ts';
import { chooseWorker, ownerKey } from '../net/worker-choice.ts';
import { pullPath } from '../oci/pull-path.ts';
import { referenceText } from '../oci/reference.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import type { AccessRecord } from './access-record.ts';
import type { Target } from './admission.ts';
import type { Allowance } from './allowance.ts';
import type { AnswerMemory } from './answer-memory.ts';
import type { Peer } from './peer.ts';
import { clientHeaders, workerRequestHeaders } from './pull-messages.ts';
import type { PullRoute } from './router.ts';
import type { WorkerLink } from './worker-link.ts';

export interface PullExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly record: AccessRecord;
  readonly peer: Peer;
  readonly workers: readonly WorkerLink[];
  readonly memory: AnswerMemory;
  readonly allowance: Allowance;
  readonly logger: Logger;
}

const hit = cacheStatusText('hit');

/** RFC 9111 §5.2.1.7: no upstream is to be asked for content. */
const onlyCachedHeader = { 'cache-control': 'only-if-cached' } as const;

/**
 * Undefined where it was answered from memory; else resolves when the answer is through or one side
 * has left.
 * @throws BudgetSpentError; rejects with MirrorgateError `MIRRORGATE_WORKER_UNREACHABLE`
 */
export function answerPull(
  exchange: PullExchange,
  route: PullRoute,
  target: Target,
): Promise<void> | undefined {
  const { peer, allowance } = exchange;
  const purpose = { mirror: route.mirror.name, repository: route.pull.repository };
  const wanted = { client: peer.client, ...purpose };
  const { onlyCached } = allowance.judgePull({ ...wanted, isBlob: route.pull.kind === 'blob' });
  peer.passage.meter.attribute(purpose);
  if (!answerFromMemory(exchange, route)) {
    return forward(exchange, route, { target, onlyCached }).then(() => note(exchange, route));
  }
  note(exchange, route);
  return undefined;
}

/** Whoever has a manifest will want its blobs. */
function note({ response, peer, allowance }: PullExchange, { mirror, pull }: PullRoute): void {
  const isGiven = response.statusCode === 200 || response.statusCode === 304;
  if (pull.kind !== 'manifest' || !isGiven) return;
  const { client } = peer;
  allowance.noteManifest({ client, mirror: mirror.name, repository: pull.repository });
}

/** What the log shows of a pull beside its repository. */
export function pullReference(pull: PullRoute['pull']): string {
  switch (pull.kind) {
    case 'manifest':
      return referenceText(pull.reference);
    case 'blob':
    case 'referrers':
      return pull.digest;
    case 'tags':
      return 'tags/list';
  }
}

/** Whether it could; the worker answers everything else, conditional requests among it. */
function answerFromMemory(exchange: PullExchange, route: PullRoute): boolean {
  const { request, response, record, memory } = exchange;
  const key = memoryKey(exchange, route);
  if (key === undefined) return false;
  const isGet = request.method === 'GET';
  const answer = memory.recall(key, isGet);
  if (answer === undefined) return false;
  record.answeredAt = performance.now();
  record.cache = hit;
  record.upstreamRequests = 0;
  const headers = [...answer.headers, 'cache-status', hit];
  if (answer.ageSeconds !== undefined) headers.push('age', String(answer.ageSeconds));
  if (route.namespace !== undefined) headers.push('oci-namespace', route.namespace);
  response.writeHead(200, headers);
  response.end(isGet ? answer.body : undefined, 'latin1');
  return true;
}

/** Undefined for what no memory holds. */
function memoryKey({ request }: PullExchange, { mirror, pull }: PullRoute): string | undefined {
  if (pull.kind !== 'manifest' || request.headers['if-none-match'] !== undefined) return undefined;
  return `${mirror.name}/${pull.repository} ${referenceText(pull.reference)}`;
}

interface Terms {
  readonly target: Target;
  readonly onlyCached: boolean;
}

async function forward(
  exchange: PullExchange,
  route: PullRoute,
  { target, onlyCached }: Terms,
): Promise<void> {
  const { request, response, record, workers, memory, logger } = exchange;
  const { mirror, pull, namespace } = route;
  const worker = workers[chooseWorker(ownerKey(mirror.name, pull), workers.length)];
  if (worker === undefined) {
    throw new MirrorgateError('MIRRORGATE_WORKER_UNREACHABLE', 'no cache process is configured');
  }
  const memorable = memoryKey(exchange, route);
  const headers = { ...workerRequestHeaders(request), ...(onlyCached ? onlyCachedHeader : {}) };
  await worker.forward({
    keeper:
      memorable === undefined ? undefined : memory.keeper(memorable, request.method === 'GET'),
    method: request.method === 'HEAD' ? 'HEAD' : 'GET',
    path: `/${mirror.name}${pullPath(pull)}`,
    headers,
    // Else it may be of another part, or on other terms.
    isShareable: pull.kind === 'blob' && Object.keys(headers).length === 0,
    response,
    onBroken: (error) => {
      const { repository, reference } = record;
      logger.warn('cached file breaks off', {
        ...{ mirror: mirror.name, repository, reference },
        ...errorFields(error),
      });
    },
    answerHeaders: (received) => {
      const { 'cache-status': cache, [upstreamRequestsHeader]: requests } = received;
      record.answeredAt = performance.now();
      record.cache = typeof cache === 'string' ? cache : undefined;
      record.upstreamRequests = requests === undefined ? undefined : Number(requests);
      return clientHeaders(received, target, namespace);
    },
  });
}
