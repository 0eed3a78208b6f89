/** Roots of a private CA in each stage of a rotation, as its bundle tells them. */
import { fingerprint } from '../../../lib/certificates/certificate-facts.ts';
import type { Bundle, BundleRoot } from '../../../lib/ca/bundle.ts';
import { makeLeaf } from '../../../lib/ca/leaf.ts';
import { makeRoot, type Root, type RootState } from '../../../lib/ca/root.ts';
import { endorse, type Endorsement } from '../../../lib/ca/succession.ts';
import type { CertifiedKey } from '../../../lib/certificates/issuer.ts';

const dayMs = 86_400_000;

export class Rotation {
  readonly old = newRoot();
  readonly new = newRoot();
  /** The old root's word for the new one. */
  readonly endorsement = endorse(this.old, this.new.certificate);

  readonly before: Bundle = { version: 1, roots: [told(this.old, 'active')] };
  readonly overlap: Bundle = {
    version: 2,
    roots: [told(this.old, 'active'), told(this.new, 'next', this.endorsement)],
  };
  readonly switched: Bundle = {
    version: 3,
    roots: [told(this.new, 'active', this.endorsement), told(this.old, 'retiring')],
  };
  readonly after: Bundle = { version: 4, roots: [told(this.new, 'active', this.endorsement)] };

  fingerprint(which: 'old' | 'new'): string {
    return fingerprint(this[which].certificate);
  }

  leaf(which: 'old' | 'new', name = 'hub.mirror.test'): CertifiedKey {
    return makeLeaf(this[which], { names: [name], lifetimeMs: dayMs, now: new Date() });
  }
}

export function newRoot(): Root {
  return makeRoot({
    name: 'Test mirrors',
    permitted: [{ kind: 'dns', zone: 'mirror.test' }],
    lifetimeMs: 30 * dayMs,
    now: new Date(),
  });
}

export function told(
  { certificate }: Root,
  state: RootState,
  endorsement?: Endorsement,
): BundleRoot {
  return { state, certificate, endorsement };
}
