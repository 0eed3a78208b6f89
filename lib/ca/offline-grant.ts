/**
 * What a root that is kept elsewhere gives to a gate: its certificates, an intermediate for each
 * root that signs or will, and never the key of a root. Pure functions of states; they touch no disk.
 */
import { fingerprint } from '../certificates/certificate-facts.ts';
import type { PrivateCaConfiguration } from '../config/configuration.ts';
import {
  orderedRoots,
  rootIn,
  signerOf,
  type AuthorityState,
  type KeptRoot,
} from './authority-state.ts';
import { makeIntermediate } from './intermediate.ts';
import { offlineError } from './kept-key.ts';
import { preparedWith, replacedWith, vouchedFor } from './rotation-steps.ts';
import { isEndorsed } from './succession.ts';

/** What the owner of an offline root wants for the gate. */
export type OfflineRequest = 'renew' | 'rotate' | 'emergency';

/** How the intermediates are made. */
export type IntermediatePolicy = Pick<
  PrivateCaConfiguration,
  'name' | 'intermediateLifetimeMs' | 'overlapMs'
>;

/**
 * The same roots without their keys, each with a new intermediate. That of a root which does not
 * sign yet lives longer by the overlap.
 * @throws MirrorgateError `MIRRORGATE_CA_LOCKED`
 */
export function granted(
  offline: AuthorityState,
  { name, intermediateLifetimeMs, overlapMs }: IntermediatePolicy,
  now: Date,
): AuthorityState {
  const roots = offline.roots.map((root): KeptRoot => {
    const lifetimeMs = intermediateLifetimeMs + (root.state === 'next' ? overlapMs : 0);
    const { permitted } = root;
    return {
      ...root,
      key: { kind: 'offline' },
      intermediate: makeIntermediate(signerOf(root), { name, permitted, lifetimeMs, now }),
    };
  });
  return { ...offline, roots: orderedRoots(roots), rotation: undefined, seal: undefined };
}

/**
 * The state of a gate that was given `grant`.
 * @throws MirrorgateError `MIRRORGATE_CA_OFFLINE` where it is not by the root that signs here, or
 *   brings nothing new; `MIRRORGATE_CA_LOCKED`
 */
export function adopted(
  gate: AuthorityState,
  {
    request,
    grant,
    now,
  }: { readonly request: OfflineRequest; readonly grant: AuthorityState; readonly now: Date },
): AuthorityState {
  const renewed = withIntermediates(gate, grant);
  if (request === 'renew') {
    if (renewed.roots[0] !== gate.roots[0]) return renewed;
    throw offlineError('that folder does not hold the root that signs here');
  }
  const next = { ...incoming(gate, grant, now), longestLeafMs: gate.roots[0].longestLeafMs };
  return request === 'rotate'
    ? preparedWith(renewed, { next, cause: 'request', now })
    : replacedWith(gate, { next, now });
}

function withIntermediates(gate: AuthorityState, grant: AuthorityState): AuthorityState {
  const given = new Map(grant.roots.map((root) => [nameOf(root), root.intermediate]));
  const roots = gate.roots.map((root) => {
    const intermediate = root.state === 'retiring' ? undefined : given.get(nameOf(root));
    return intermediate === undefined ? root : { ...root, intermediate };
  });
  return { ...gate, roots: orderedRoots(roots) };
}

/** The root of the grant that the gate does not have, vouched for by the one that signs here. */
function incoming(gate: AuthorityState, grant: AuthorityState, now: Date): KeptRoot {
  const [active] = gate.roots;
  const present = new Set(gate.roots.map(nameOf));
  const root = rootIn('next', grant.roots) ?? grant.roots[0];
  if (present.has(nameOf(root))) throw offlineError('that folder holds no root that is new here');
  // A root whose key is here moves to one whose key is not.
  if (active.key.kind !== 'offline') return vouchedFor(root, { active, now });
  const { certificate, endorsement } = root;
  if (endorsement === undefined || !isEndorsed(certificate, endorsement, active.certificate)) {
    throw offlineError('that folder does not hold the root that signs here');
  }
  return root;
}

function nameOf({ certificate }: KeptRoot): string {
  return fingerprint(certificate);
}
