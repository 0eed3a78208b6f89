/** A private CA in a folder of its own, on a clock that a test moves. */
import type { AuthorityOptions } from '../../../lib/ca/authority-store.ts';
import type { AuthorityState } from '../../../lib/ca/authority-state.ts';
import type { ClientEvidence } from '../../../lib/ca/client-evidence.ts';
import { firstState, prepared, switched } from '../../../lib/ca/rotation-steps.ts';
import type { PrivateCaConfiguration } from '../../../lib/config/configuration.ts';
import { nameSubtree } from '../../../lib/config/scalars.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import { recordedLog } from '../recorded-log.ts';
import { dayMs, testStart } from '../test-certificates.ts';

/** A year, a week, and thirty days, as the documentation has it. */
export function testPolicy(changes: Partial<PrivateCaConfiguration> = {}): PrivateCaConfiguration {
  return {
    name: 'Test',
    permitted: ['example.test', '192.0.2.0/24'].map((text) => nameSubtree.parse(text)),
    leafLifetimeMs: 7 * dayMs,
    rootLifetimeMs: 365 * dayMs,
    overlapMs: 30 * dayMs,
    intermediateLifetimeMs: 90 * dayMs,
    evidenceWindowMs: 30 * dayMs,
    ...changes,
  };
}

/** Nobody was seen. */
export const noClients: ClientEvidence = { lacking: () => [] };

export function authorityOptions(
  directory: string,
  clock: Clock,
  configuration = testPolicy(),
): AuthorityOptions & { readonly logger: ReturnType<typeof recordedLog> } {
  const builtAt = new Date('2026-10-01T00:00:00Z');
  return { directory, clock, logger: recordedLog(), builtAt, configuration };
}

/** A CA before, within and after the switch of a rotation. */
export function rotatingStates(now = testStart): Readonly<Record<RotationPhase, AuthorityState>> {
  const policy = testPolicy();
  const first = firstState(policy, now);
  const second = prepared(first, { cause: 'request', policy, now });
  return { idle: first, prepared: second, switched: switched(second, now) };
}

export type RotationPhase = 'idle' | 'prepared' | 'switched';
