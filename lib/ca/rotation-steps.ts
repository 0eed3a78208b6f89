/** The steps of a rotation: from what is kept before to what is kept after. They touch no disk. */
import type { PrivateCaConfiguration } from '../config/configuration.ts';
import {
  orderedRoots,
  signerOf,
  type AuthorityState,
  type KeptRoot,
  type Rotation,
  type RotationCause,
} from './authority-state.ts';
import { makeRoot, rootPathLength, type RootState } from './root.ts';
import { crossSign, endorse } from './succession.ts';

/** What a new root is made by. */
export type RootPolicy = Pick<
  PrivateCaConfiguration,
  'name' | 'permitted' | 'rootLifetimeMs' | 'leafLifetimeMs'
>;

export interface PreparationOptions {
  readonly cause: RotationCause;
  readonly policy: RootPolicy;
  readonly now: Date;
}

/** The first state of a CA: one root that signs. */
export function firstState(
  policy: RootPolicy,
  now: Date,
  pathLength = rootPathLength,
): AuthorityState {
  const root = newRoot(policy, now, pathLength);
  const active: KeptRoot = {
    ...root,
    state: 'active',
    endorsement: undefined,
    crossCertificate: undefined,
    intermediate: undefined,
  };
  return { bundleVersion: 1, roots: [active], rotation: undefined, seal: undefined };
}

/**
 * A new root is trusted beside the active one, which vouches for it and signs its key: later
 * steps need the outgoing key no more. A `next` root that is there already gives way.
 * @throws MirrorgateError `MIRRORGATE_CA_LOCKED`, `MIRRORGATE_CA_OFFLINE`
 */
export function prepared(authority: AuthorityState, options: PreparationOptions): AuthorityState {
  const { cause, policy, now } = options;
  return preparedWith(authority, { next: successor(authority.roots[0], policy, now), cause, now });
}

/** As {@link prepared}, where the new root is there already. */
export function preparedWith(
  authority: AuthorityState,
  options: { readonly next: KeptRoot; readonly cause: RotationCause; readonly now: Date },
): AuthorityState {
  const { next, cause, now } = options;
  const [active] = authority.roots;
  const rotation: Rotation = {
    cause,
    preparedAt: now,
    switchedAt: undefined,
    retiredAt: undefined,
    isForced: false,
  };
  return changed(authority, [active, { ...next, state: 'next' }], rotation);
}

/** The new root signs; the old one is trusted until its last leaf and its last client are gone. */
export function switched(authority: AuthorityState, now: Date): AuthorityState {
  const successors = { active: 'retiring', next: 'active', retiring: undefined } as const;
  return changed(authority, moved(authority, successors), {
    ...rotationOf(authority),
    switchedAt: now,
  });
}

/** The old root is trusted no more, and its key is forgotten. */
export function retired(authority: AuthorityState, now: Date): AuthorityState {
  const successors = { active: 'active', next: 'next', retiring: undefined } as const;
  return changed(authority, moved(authority, successors), {
    ...rotationOf(authority),
    retiredAt: now,
  });
}

/**
 * A new root in the place of all there are, at once. The active one still vouches for it, so that
 * clients which follow the bundle come along; nothing else helps those that do not.
 */
export function replaced(
  authority: AuthorityState,
  { policy, now }: { readonly policy: RootPolicy; readonly now: Date },
): AuthorityState {
  return replacedWith(authority, { next: successor(authority.roots[0], policy, now), now });
}

/** As {@link replaced}, where the new root is there already. */
export function replacedWith(
  authority: AuthorityState,
  { next, now }: { readonly next: KeptRoot; readonly now: Date },
): AuthorityState {
  return changed(authority, [{ ...next, state: 'active', crossCertificate: undefined }], {
    cause: 'emergency',
    preparedAt: now,
    switchedAt: now,
    retiredAt: now,
    isForced: true,
  });
}

/** Every client that lacks the new root is left behind when the time has come. */
export function forced(authority: AuthorityState): AuthorityState {
  return { ...authority, rotation: { ...rotationOf(authority), isForced: true } };
}

/** Leaves up to this lifetime may be signed from now on. */
export function admitted(authority: AuthorityState, leafLifetimeMs: number): AuthorityState {
  const roots = authority.roots.map((root) =>
    root.state === 'retiring' || root.longestLeafMs >= leafLifetimeMs
      ? root
      : { ...root, longestLeafMs: leafLifetimeMs },
  );
  return { ...authority, roots: orderedRoots(roots) };
}

/** Of the same kind: one that is kept elsewhere is followed by another. */
function successor(active: KeptRoot, policy: RootPolicy, now: Date): KeptRoot {
  const root = newRoot(policy, now, Math.max(rootPathLength, active.pathLength));
  return vouchedFor({ ...root, state: 'next', intermediate: undefined }, { active, now });
}

/**
 * `root` with the signatures of the active one.
 * @throws MirrorgateError `MIRRORGATE_CA_LOCKED`, `MIRRORGATE_CA_OFFLINE`
 */
export function vouchedFor(
  root: Omit<KeptRoot, 'endorsement' | 'crossCertificate'>,
  { active, now }: { readonly active: KeptRoot; readonly now: Date },
): KeptRoot {
  const outgoing = signerOf(active);
  const canCross = active.pathLength >= root.pathLength && now < active.certificate.validToDate;
  return {
    ...root,
    endorsement: endorse(outgoing, root.certificate),
    crossCertificate: canCross
      ? crossSign(outgoing, { incoming: root, pathLength: root.pathLength - 1, now })
      : undefined,
  };
}

function newRoot(
  { name, permitted, rootLifetimeMs, leafLifetimeMs }: RootPolicy,
  now: Date,
  pathLength: number,
): Omit<KeptRoot, 'state' | 'endorsement' | 'crossCertificate' | 'intermediate'> {
  const { certificate, privateKey } = makeRoot({
    name,
    permitted,
    lifetimeMs: rootLifetimeMs,
    pathLength,
    now,
  });
  return {
    certificate,
    key: { kind: 'open', privateKey },
    permitted,
    pathLength,
    longestLeafMs: leafLifetimeMs,
  };
}

function moved(
  { roots }: AuthorityState,
  successors: Readonly<Record<RootState, RootState | undefined>>,
): KeptRoot[] {
  return roots.flatMap((root) => {
    const state = successors[root.state];
    return state === undefined ? [] : [{ ...root, state }];
  });
}

function changed(
  authority: AuthorityState,
  roots: readonly KeptRoot[],
  rotation: Rotation,
): AuthorityState {
  return {
    ...authority,
    bundleVersion: authority.bundleVersion + 1,
    roots: orderedRoots(roots),
    rotation,
  };
}

function rotationOf({ rotation }: AuthorityState): Rotation {
  if (rotation === undefined) throw new TypeError('no rotation goes on');
  return rotation;
}
