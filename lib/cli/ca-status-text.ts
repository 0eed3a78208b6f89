/** The state of the private CA, for people. */
import type { CaStatus } from '../app/ca-operations.ts';
import type { Told } from './told.ts';
import type { RootFacts } from '../ca/root-facts.ts';
import type { LackingClient } from '../ca/client-evidence.ts';
import { waitTexts } from '../ca/rotation-words.ts';
import { tableText } from './table.ts';

const steps = {
  prepare: 'the new root is in the bundle, signed by the old one',
  switch: 'the new root signs, the old one vouches for it',
  retire: 'the old root is out of the bundle, its key is gone',
} as const;

export function caStatusLines({ roots, rotation, bundleVersion, isSealed }: Told<CaStatus>) {
  const { cause, waitsFor, waitsUntil, lacking, isForced } = rotation;
  const rows = rotation.steps.map(({ step, at, isDone }) => [
    step,
    `${isDone ? 'done' : 'from'} ${at}`,
    steps[step],
  ]);
  return [
    ...roots.flatMap((root) => [
      `${root.state}  ${root.subject.replaceAll('\n', ', ')}`,
      `  fingerprint  ${root.fingerprint}`,
      `  valid        ${root.notBefore} to ${root.notAfter}`,
      `  may sign for ${root.permitted.join(', ')}`,
      ...intermediateLines(root),
    ]),
    `bundle version ${bundleVersion}; keys ${isSealed ? 'under a passphrase' : 'in a file for this user alone'}`,
    cause === undefined ? 'no rotation goes on' : `a rotation goes on (${cause})`,
    tableText(['STEP', 'WHEN', 'WHAT'], rows),
    ...(waitsFor === undefined ? [] : [`waits: ${waitTexts[waitsFor]}, until ${waitsUntil}`]),
    ...(isForced ? ['it is forced: it does not wait for clients'] : []),
    ...(lacking.length === 0 ? [] : ['clients that lack the new root:', ...lackingLines(lacking)]),
  ];
}

function intermediateLines({ isOffline, intermediate }: Told<RootFacts>): string[] {
  if (!isOffline || intermediate === undefined) return [];
  const { notAfter, dueAt } = intermediate;
  return [
    '  key          kept elsewhere; an intermediate signs',
    `  intermediate until ${notAfter}; present the root from ${dueAt} on: mirrorgate ca renew --offline-root DIR`,
  ];
}

/** For the status of the whole gate: one line, or two where somebody is to be told. */
export function caLine({ roots, rotation }: Told<CaStatus>): string {
  const { cause, steps: planned, waitsFor, lacking } = rotation;
  const next = planned.find(({ isDone }) => !isDone);
  const root = `private CA ${roots[0]?.fingerprint.slice(0, 16)}, until ${roots[0]?.notAfter}`;
  const step = next === undefined ? '' : `; next ${next.step} from ${next.at}`;
  const wait = waitsFor === 'clients' ? `, which ${lacking.length} clients hold up` : '';
  const end = roots[0]?.intermediate?.notAfter;
  const intermediate = end === undefined ? '' : `, its intermediate until ${end}`;
  return `${root}${intermediate}${cause === undefined ? '' : '; a rotation goes on'}${step}${wait}`;
}

export function lackingLines(clients: readonly Told<LackingClient>[]): string[] {
  return clients.map(({ address, label, lastSeen, reason }) => {
    const name = label === undefined ? '' : ` (${label})`;
    return `  ${address}${name}, last seen ${lastSeen}: ${reason}`;
  });
}
