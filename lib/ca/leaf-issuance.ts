/** Signing leaves: whether a CA may, by which of its roots, and what chain comes with it. */
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { CertifiedKey } from '../certificates/issuer.ts';
import { isPermitted } from '../config/contradictions.ts';
import { durationText } from '../config/quantities.ts';
import type { NameSubtree } from '../config/scalars.ts';
import type { HostName } from '../net/host-name.ts';
import {
  chainAbove,
  leafIssuerOf,
  rootFor,
  signerOf,
  type KeptRoot,
  type KeptRoots,
} from './authority-state.ts';
import { makeClientLeaf, makeLeaf } from './leaf.ts';
import { subtreeText } from './name-subtrees.ts';
import type { Signer } from './root.ts';

export interface LeafIssuance {
  readonly names: readonly HostName[];
  readonly lifetimeMs: number;
  readonly now: Date;
  /** No honest clock shows less. */
  readonly builtAt: Date;
}

/**
 * A leaf for exactly `names`, with the chain by which clients find a root that they know.
 * @throws MirrorgateError `MIRRORGATE_CA_CONSTRAINTS`, `MIRRORGATE_CA_CLOCK`,
 *   `MIRRORGATE_CA_EXPIRED`, `MIRRORGATE_CA_LIFETIME`, `MIRRORGATE_CA_LOCKED`
 */
export function issueLeaf(roots: KeptRoots, issuance: LeafIssuance): CertifiedKey {
  const { names, lifetimeMs, now, builtAt } = issuance;
  const root = rootFor(names, roots);
  if (root === undefined) throw outsideConstraints(names, roots);
  const signer = usableSigner(root, { now, builtAt });
  if (lifetimeMs > root.longestLeafMs) {
    throw new MirrorgateError(
      'MIRRORGATE_CA_LIFETIME',
      `a leaf for ${durationText(lifetimeMs)} would outlive what the rotation of the root waits for, ${durationText(root.longestLeafMs)}`,
      { hint: 'ask for a shorter one, or set certificates.privateCa.leafLifetime' },
    );
  }
  const leaf = makeLeaf(signer, { names, lifetimeMs, now });
  return { ...leaf, chainPem: leaf.chainPem + chainAbove(root, { names, roots, now }) };
}

/**
 * A certificate for a client of the gate, which trusts all roots of the bundle: of the chain it needs
 * the intermediate alone. That a rotation waits for it is to be noted before.
 * @throws MirrorgateError `MIRRORGATE_CA_CLOCK`, `MIRRORGATE_CA_EXPIRED`, `MIRRORGATE_CA_LOCKED`
 */
export function issueClientLeaf(
  roots: KeptRoots,
  { name, ...issuance }: Omit<LeafIssuance, 'names'> & { readonly name: string },
): CertifiedKey {
  const [root] = roots;
  const leaf = makeClientLeaf(usableSigner(root, issuance), { name, ...issuance });
  return { ...leaf, chainPem: leaf.chainPem + (root.intermediate?.certificate.toString() ?? '') };
}

function usableSigner(
  root: KeptRoot,
  { now, builtAt }: Pick<LeafIssuance, 'now' | 'builtAt'>,
): Signer {
  const signer = signerOf(leafIssuerOf(root));
  const { validFromDate, validToDate } = signer.certificate;
  assertClock(now, new Date(Math.max(builtAt.getTime(), validFromDate.getTime())));
  if (now < validToDate) return signer;
  throw new MirrorgateError(
    'MIRRORGATE_CA_EXPIRED',
    `the private CA expired at ${validToDate.toISOString()}`,
    {
      hint:
        root.intermediate === undefined
          ? 'mirrorgate ca rotate makes a new root, which every client must then trust'
          : 'present its root: mirrorgate ca renew --offline-root DIR',
    },
  );
}

/** @throws MirrorgateError `MIRRORGATE_CA_CLOCK` */
export function assertClock(now: Date, earliest: Date): void {
  if (now >= earliest) return;
  throw new MirrorgateError(
    'MIRRORGATE_CA_CLOCK',
    `the clock of this machine shows ${now.toISOString()}, before ${earliest.toISOString()}: nothing is signed`,
    { hint: 'set the clock (timedatectl set-ntp true) and try again' },
  );
}

export function constraintsError(
  outside: readonly string[],
  permitted: readonly NameSubtree[],
): MirrorgateError {
  return new MirrorgateError(
    'MIRRORGATE_CA_CONSTRAINTS',
    `the root of the private CA may not sign for ${outside.join(', ')}, only for ${permitted.map(subtreeText).join(', ')}`,
    {
      hint: 'constraints are fixed when a root is made: mirrorgate ca rotate makes one for the new names, or use another issuer for them',
    },
  );
}

function outsideConstraints(names: readonly HostName[], roots: KeptRoots): MirrorgateError {
  const { permitted } = roots.find(({ state }) => state === 'next') ?? roots[0];
  return constraintsError(
    names.filter((name) => !isPermitted(name, permitted)),
    permitted,
  );
}
