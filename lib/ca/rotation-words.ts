/** What a rotation does and what it waits for, for people. */
import type { LackingClient } from './client-evidence.ts';
import type { RotationStep, WaitReason } from './rotation-plan.ts';

export const waitTexts: Readonly<Record<WaitReason, string>> = {
  age: 'the root is not old enough',
  overlap: 'clients have time to fetch the new root',
  leaves: 'certificates by the old root still live',
  clients: 'clients seen of late lack the new root',
  clock: 'the clock has to run without a jump for a while',
  root: 'its root is kept elsewhere and has to be presented: mirrorgate ca rotate or renew --offline-root DIR',
  key: 'the key of the root is sealed, and no passphrase was given',
};

/** For the log, once it is done. */
export const stepEvents: Readonly<Record<RotationStep, string>> = {
  prepare: 'new root of the private CA prepared: it is in the bundle',
  switch: 'new root of the private CA signs',
  retire: 'old root of the private CA retired: its key is gone',
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
