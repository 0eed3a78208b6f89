/** Everything that the private CA keeps: its roots, and how far their rotation has come. */
import type { X509Certificate } from 'node:crypto';
import { fingerprint } from '../certificates/certificate-facts.ts';
import { isPermitted } from '../config/contradictions.ts';
import type { NameSubtree } from '../config/scalars.ts';
import type { HostName } from '../net/host-name.ts';
import { openKey, type KeyOwner } from './kept-key.ts';
import type { RootState, Signer } from './root.ts';
import type { SealParameters } from './seal.ts';
import type { Endorsement } from './succession.ts';

export interface KeptRoot extends KeyOwner {
  readonly state: RootState;
  /** What the certificate's name constraints say. */
  readonly permitted: readonly NameSubtree[];
  /** CAs that may stand between it and a leaf; 0 in roots of format version 1. */
  readonly pathLength: number;
  /** No leaf that it signed lives longer. */
  readonly longestLeafMs: number;
  /** Undefined for the first root. */
  readonly endorsement: Endorsement | undefined;
  /** Its name and key, signed by the root before it; undefined where that one could not. */
  readonly crossCertificate: X509Certificate | undefined;
  /** Signs leaves in its place; undefined where the root itself does. */
  readonly intermediate: KeyOwner | undefined;
}

/** At least the active root. Always in the order active, next, retiring. */
export type KeptRoots = readonly [KeptRoot, ...KeptRoot[]];

export type RotationCause = 'age' | 'request' | 'emergency';

/** The rotation that goes on, or the last one. */
export interface Rotation {
  readonly cause: RotationCause;
  readonly preparedAt: Date;
  readonly switchedAt: Date | undefined;
  readonly retiredAt: Date | undefined;
  /** Whether somebody decided not to wait for clients that lack the new root. */
  readonly isForced: boolean;
}

export interface AuthorityState {
  /** Increases with every change of what clients are to trust. */
  readonly bundleVersion: number;
  readonly roots: KeptRoots;
  readonly rotation: Rotation | undefined;
  /** How the keys are sealed; undefined where they lie open. */
  readonly seal: SealParameters | undefined;
}

export function rootIn(state: RootState, roots: KeptRoots): KeptRoot | undefined {
  return roots.find((root) => root.state === state);
}

/** The root that a rotation brings, before and after it signs; undefined where none goes on. */
export function incomingRoot(roots: KeptRoots): KeptRoot | undefined {
  return roots.length > 1 ? (rootIn('next', roots) ?? roots[0]) : undefined;
}

/** Roots in the one order that they have everywhere. Throws unless exactly one is active. */
export function orderedRoots(roots: readonly KeptRoot[]): KeptRoots {
  const ordered = (['active', 'next', 'retiring'] as const).flatMap((state) =>
    roots.filter((root) => root.state === state),
  );
  const [first, second] = ordered;
  if (first?.state !== 'active' || second?.state === 'active') {
    throw new Error('there is not exactly one active root');
  }
  return [first, ...ordered.slice(1)];
}

/**
 * The root that signs for `names` now: the active one, else the next where only its constraints
 * admit them; no client could verify them by another root. Undefined where neither may.
 */
export function rootFor(names: readonly HostName[], roots: KeptRoots): KeptRoot | undefined {
  return roots.find(
    ({ state, permitted }) =>
      state !== 'retiring' && names.every((name) => isPermitted(name, permitted)),
  );
}

/** What stands above a leaf for `names` below `root`, besides the root: PEM, or nothing. */
export function chainAbove(
  root: KeptRoot,
  {
    names,
    roots,
    now,
  }: {
    readonly names: readonly HostName[];
    readonly roots: KeptRoots;
    readonly now: Date;
  },
): string {
  const cross = root.crossCertificate;
  const former = roots.find(({ certificate }) => fingerprint(certificate) === root.endorsement?.by);
  const helps =
    cross !== undefined &&
    former !== undefined &&
    now < cross.validToDate &&
    names.every((name) => isPermitted(name, former.permitted));
  return `${root.intermediate?.certificate.toString() ?? ''}${helps ? cross.toString() : ''}`;
}

/** What issues leaves: the root, or its intermediate. */
export function leafIssuerOf(root: KeptRoot): KeyOwner {
  return root.intermediate ?? root;
}

/** @throws MirrorgateError `MIRRORGATE_CA_LOCKED`, `MIRRORGATE_CA_OFFLINE` */
export function signerOf({ certificate, key }: KeyOwner): Signer {
  return { certificate, privateKey: openKey(key) };
}
