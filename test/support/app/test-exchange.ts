/** One request of one client, as an edge tells of it. */
import type { FinishedExchange } from '../../../lib/edge/observer.ts';

export function testExchange(changes: Partial<FinishedExchange> = {}): FinishedExchange {
  return {
    endedAtMs: 1_000,
    client: '192.0.2.1',
    label: 'runner',
    host: 'hub.example.test',
    mirror: 'hub',
    kind: 'blob',
    repository: 'acme/app',
    reference: '1.0',
    method: 'GET',
    status: 200,
    cache: 'hit',
    upstreamRequests: 0,
    sentBytes: 100,
    firstByteMs: 1,
    durationMs: 2,
    isComplete: true,
    agent: 'docker/28',
    error: undefined,
    ...changes,
  };
}
