/**
 * What a rotation does next, as a pure function of what is kept, the time, and a few facts:
 * prepare (the new root is trusted beside the old) → switch (the new one signs, the old one
 * vouches for it) → retire (the old one is gone).
 */
import type { NameSubtree } from '../config/scalars.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { rootIn, type AuthorityState, type KeptRoot } from './authority-state.ts';
import type { LackingClient } from './client-evidence.ts';
import { isCovered } from './name-subtrees.ts';
import { backdateMs } from './signed-certificate.ts';

export type RotationStep = 'prepare' | 'switch' | 'retire';

/** What a step waits for: a date, or what may take longer than any date. */
export type WaitReason = 'age' | 'overlap' | 'leaves' | 'clients' | 'clock' | 'key' | 'root';

export interface RotationFacts {
  /** How long old and new root stand side by side before the new one signs. */
  readonly overlapMs: number;
  /** Since when the clock has run without a jump: nothing that cannot be undone rests on less. */
  readonly steadySince: Date;
  /** Clients that the incoming root would cut off; asked for where a rotation goes on. */
  readonly lacking: readonly LackingClient[];
}

export type RotationAction =
  | { readonly kind: RotationStep }
  | {
      readonly kind: 'wait';
      readonly step: RotationStep;
      readonly for: WaitReason;
      /** When that is over, as far as a date says it; else when to look again at the latest. */
      readonly until: Date;
    };

/** Share of a root's life after which it is replaced. */
const prepareShare = 0.8;
/** Share of a root's life that is kept for clients to move over after the switch. */
const retiringShare = 0.1;
/** No overlap, however long, begins before this share. */
const earliestShare = 0.5;

const hourMs = 3_600_000;

/** What each step waits for first. */
const dateReasons = { prepare: 'age', switch: 'overlap', retire: 'leaves' } as const;

export function nextAction(
  authority: AuthorityState,
  now: Date,
  facts: RotationFacts,
): RotationAction {
  const step = nextStep(authority);
  const due = plannedDates(authority, facts.overlapMs)[step];
  if (now < due) return { kind: 'wait', step, for: dateReasons[step], until: due };
  const [active] = authority.roots;
  if (step === 'prepare') {
    const { kind } = active.key;
    if (kind === 'open') return { kind: step };
    const until = active.certificate.validToDate;
    return { kind: 'wait', step, for: kind === 'sealed' ? 'key' : 'root', until };
  }
  const steadyAt = later(facts.steadySince, steadyMs(active));
  if (now < steadyAt) return { kind: 'wait', step, for: 'clock', until: steadyAt };
  const issuer = rootIn('next', authority.roots)?.intermediate;
  if (issuer !== undefined && now >= issuer.certificate.validToDate) {
    return { kind: 'wait', step, for: 'root', until: active.certificate.validToDate };
  }
  const end = outgoingRoot(authority).certificate.validToDate;
  const isHeld = cutsOff(step, authority) && facts.lacking.length > 0 && now < end;
  if (isHeld && authority.rotation?.isForced !== true) {
    return { kind: 'wait', step, for: 'clients', until: end };
  }
  return { kind: step };
}

/** The step that comes next, whenever that is. */
export function nextStep({ roots }: AuthorityState): RotationStep {
  if (rootIn('retiring', roots) !== undefined) return 'retire';
  return rootIn('next', roots) === undefined ? 'prepare' : 'switch';
}

/**
 * Throws where a rotation goes on, unless it brings a root that may not sign for all of `permitted`.
 * @throws MirrorgateError `MIRRORGATE_CA_ROTATING`
 */
export function assertIdle({ roots }: AuthorityState, permitted: readonly NameSubtree[]): void {
  if (roots.length === 1) return;
  const next = rootIn('next', roots);
  const isWanting = permitted.some(
    (subtree) => next !== undefined && !isCovered(subtree, next.permitted),
  );
  if (isWanting) return;
  throw new MirrorgateError('MIRRORGATE_CA_ROTATING', 'a rotation goes on already', {
    hint: 'mirrorgate ca status shows what it waits for; --emergency replaces every root at once',
  });
}

/** The root that a rotation replaces, or will. */
function outgoingRoot({ roots }: AuthorityState): KeptRoot {
  return rootIn('retiring', roots) ?? roots[0];
}

/** Whether clients that know the old root alone fail after the step. */
function cutsOff(step: RotationStep, { roots }: AuthorityState): boolean {
  return step === 'retire' || rootIn('next', roots)?.crossCertificate === undefined;
}

/**
 * The date of each step: of those done when it was, of those to come when it will be at the
 * earliest.
 */
export function plannedDates(
  authority: AuthorityState,
  overlapMs: number,
): Readonly<Record<RotationStep, Date>> {
  const { roots, rotation } = authority;
  const outgoing = outgoingRoot(authority);
  const isUnderWay = roots.length > 1 && rotation !== undefined;
  const prepare = isUnderWay ? rotation.preparedAt : prepareDate(outgoing, overlapMs);
  const switched = isUnderWay ? rotation.switchedAt : undefined;
  const latest = atShare(outgoing, 1 - retiringShare);
  const toSwitch = switched ?? earlier(later(prepare, overlapMs), latest);
  const retire = earlier(later(toSwitch, settlingMs(outgoing)), outgoing.certificate.validToDate);
  return { prepare, switch: toSwitch, retire };
}

function prepareDate(root: KeptRoot, overlapMs: number): Date {
  const inTime = later(atShare(root, 1 - retiringShare), -overlapMs);
  const earliest = atShare(root, earliestShare);
  const usual = atShare(root, prepareShare);
  return earlier(usual, inTime < earliest ? earliest : inTime);
}

/** Until the last leaf of `root` has ended, and a little longer for whoever signed meanwhile. */
function settlingMs({ longestLeafMs }: KeptRoot): number {
  return longestLeafMs + Math.min(hourMs, longestLeafMs / 10);
}

/** A machine whose clock is set right within the hour after its start has decided nothing by then. */
function steadyMs(root: KeptRoot): number {
  return Math.min(hourMs, lifetimeMs(root) / 100);
}

function atShare(root: KeptRoot, share: number): Date {
  return later(madeAt(root), lifetimeMs(root) * share);
}

function lifetimeMs(root: KeptRoot): number {
  return root.certificate.validToDate.getTime() - madeAt(root).getTime();
}

/** Certificates reach back before that. */
function madeAt({ certificate }: KeptRoot): Date {
  return later(certificate.validFromDate, backdateMs);
}

function later(date: Date, ms: number): Date {
  return new Date(date.getTime() + ms);
}

function earlier(left: Date, right: Date): Date {
  return left < right ? left : right;
}
