/** What a rotation waits for, for people. */
import type { LackingClient } from './client-evidence.ts';
import type { WaitReason } from './rotation-plan.ts';

export const waitTexts: Readonly<Record<WaitReason, string>> = {
  age: 'the root is not old enough',
  overlap: 'clients have time to fetch the new root',
  leaves: 'certificates by the old root still live',
  clients: 'clients seen of late lack the new root',
  clock: 'the clock has to run without a jump for a while',
  key: 'the key of the root is sealed, and no passphrase was given',
};

const maxNamed = 5;

/** The first few by name, the others by number. */
export function clientNames(clients: readonly LackingClient[]): string {
  const named = clients
    .slice(0, maxNamed)
    .map(({ label, address }) => (label === undefined ? address : `${label} (${address})`));
  const more = clients.length > maxNamed ? ` and ${clients.length - maxNamed} more` : '';
  return `${named.join(', ')}${more}`;
}
