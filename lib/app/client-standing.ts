/**
 * What is known of each client: whether it trusts us, and whether its pulls come through us. One
 * that goes past the mirror says nothing here; what shows it is that it began and did not go on.
 */
import type { ClientTrust } from '../ca/client-evidence.ts';
import type { ClientShare } from './activity-batch.ts';

/**
 * `bypasses` is what the evidence suggests, not a proof: `took N manifests and no blob`, since who
 * has all blobs already does the same; `fetched its set-up, but pulls nothing`, since it may have needed nothing.
 */
export type ClientUse =
  | { readonly kind: 'pulls' }
  | { readonly kind: 'bypasses'; readonly evidence: string }
  | { readonly kind: 'unknown' };

export interface ClientStanding {
  readonly address: string;
  readonly label: string | undefined;
  readonly trust: ClientTrust;
  readonly use: ClientUse;
  readonly lastSeen: Date;
}

/** One of them may be for an image of which the client has every blob. */
const tellingManifests = 3;
/** Blobs follow their manifest at once; a slow client gets this long. */
const blobsDueMs = 5 * 60_000;
/** A machine that was set up pulls something by then. */
const pullsDueMs = 3_600_000;

export function clientUse(share: ClientShare, now: Date): ClientUse {
  const { blobs, manifests, pulls, setups, failures, firstSeenMs, lastManifestMs } = share;
  if (blobs > 0) return { kind: 'pulls' };
  // What failed here has another reason to be had elsewhere, and shows as failures.
  if (failures > 0) return { kind: 'unknown' };
  const nowMs = now.getTime();
  if (manifests >= tellingManifests && nowMs - lastManifestMs >= blobsDueMs) {
    return { kind: 'bypasses', evidence: `took ${manifests} manifests and no blob` };
  }
  if (setups > 0 && pulls === 0 && nowMs - firstSeenMs >= pullsDueMs) {
    return { kind: 'bypasses', evidence: 'fetched its set-up, but pulls nothing' };
  }
  return { kind: 'unknown' };
}

export function clientStanding(
  share: ClientShare,
  trustOf: (address: string) => ClientTrust,
  now: Date,
): ClientStanding {
  const { address, label, lastSeenMs } = share;
  const lastSeen = new Date(lastSeenMs);
  return { address, label, trust: trustOf(address), use: clientUse(share, now), lastSeen };
}
