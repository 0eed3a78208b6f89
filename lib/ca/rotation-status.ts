/** What `ca status` tells of a rotation: each step, its date, and what the next one waits for. */
import { fingerprint } from '../certificates/certificate-facts.ts';
import { rootIn, type AuthorityState, type RotationCause } from './authority-state.ts';
import type { LackingClient } from './client-evidence.ts';
import {
  nextAction,
  nextStep,
  plannedDates,
  type RotationFacts,
  type RotationStep,
  type WaitReason,
} from './rotation-plan.ts';

export interface StepStatus {
  readonly step: RotationStep;
  /** When it was done, else when it will be at the earliest. */
  readonly at: Date;
  readonly isDone: boolean;
}

export interface RotationStatus {
  /** Undefined where no rotation goes on. */
  readonly cause: RotationCause | undefined;
  /** Fingerprints of the root that goes and the one that comes, where they are there. */
  readonly outgoing: string | undefined;
  readonly incoming: string | undefined;
  readonly steps: readonly StepStatus[];
  /** What keeps the next step from being done now; undefined where nothing does. */
  readonly waitsFor: WaitReason | undefined;
  /** Until when, as far as a date says it. */
  readonly waitsUntil: Date | undefined;
  /** Clients that would be cut off by it, or by the step after it. */
  readonly lacking: readonly LackingClient[];
  readonly isForced: boolean;
  /** The last rotation that ended, and when. */
  readonly lastRetiredAt: Date | undefined;
}

export function rotationStatus(
  authority: AuthorityState,
  now: Date,
  facts: RotationFacts,
): RotationStatus {
  const { roots, rotation } = authority;
  const isUnderWay = roots.length > 1;
  const retiring = rootIn('retiring', roots);
  const incoming = retiring === undefined ? rootIn('next', roots) : roots[0];
  const outgoing = retiring ?? roots[0];
  const dates = plannedDates(authority, facts.overlapMs);
  const action = nextAction(authority, now, facts);
  const steps = ['prepare', 'switch', 'retire'] as const;
  const done = steps.indexOf(nextStep(authority));
  return {
    cause: isUnderWay ? rotation?.cause : undefined,
    outgoing: isUnderWay ? fingerprint(outgoing.certificate) : undefined,
    incoming: incoming && fingerprint(incoming.certificate),
    steps: steps.map((step, index) => ({ step, at: dates[step], isDone: index < done })),
    waitsFor: action.kind === 'wait' ? action.for : undefined,
    waitsUntil: action.kind === 'wait' ? action.until : undefined,
    lacking: isUnderWay ? facts.lacking : [],
    isForced: isUnderWay && rotation?.isForced === true,
    lastRetiredAt: rotation?.retiredAt,
  };
}
