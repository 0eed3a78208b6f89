/** What an emergency breaks, told before anybody finds out. */
import { fingerprint } from '../certificates/certificate-facts.ts';
import type { Bundle } from './bundle.ts';
import type { LackingClient } from './client-evidence.ts';

export interface Breakage {
  /** Fingerprint of the one root that is trusted from now on. */
  readonly trusted: string;
  /** Fingerprints of the roots that are not any more. */
  readonly removed: readonly string[];
  /** Whether the new root is vouched for by the removed active one, so that install.sh takes it. */
  readonly isEndorsed: boolean;
  /** Clients seen of late, which fail until they have the new root. */
  readonly clients: readonly LackingClient[];
}

export function breakageOf({
  before,
  after,
  lacking,
}: {
  readonly before: Bundle;
  readonly after: Bundle;
  readonly lacking: readonly LackingClient[];
}): Breakage {
  const [root] = after.roots;
  return {
    trusted: fingerprint(root.certificate),
    removed: before.roots.map(({ certificate }) => fingerprint(certificate)),
    isEndorsed: root.endorsement !== undefined,
    clients: lacking,
  };
}

/** For people, a line each. */
export function breakageLines({ trusted, removed, isEndorsed, clients }: Breakage): string[] {
  const others = removed.map((root) => root.slice(0, 16)).join(', ');
  return [
    `every client fails until it trusts the new root ${trusted}`,
    `no client should trust these any more: ${others}`,
    isEndorsed
      ? 'clients that follow the bundle (install.sh, its timer or cron line) take the new root at their next run'
      : 'no client takes the new root by itself: give each the new fingerprint',
    'images and snapshots made before need the new root: mirrorgate ca inject',
    ...clients.map(
      ({ address, label, lastSeen, reason }) =>
        `fails now: ${address}${label === undefined ? '' : ` (${label})`}, last seen ${lastSeen.toISOString()}: ${reason}`,
    ),
  ];
}
