/** What an operator is to be told of without asking, as long as it is so. */
import { clientNames } from '../ca/rotation-words.ts';
import type { UpstreamState } from '../upstream/upstream-state.ts';
import type { BandwidthStatus } from './bandwidth-status.ts';
import type { CaStatus } from './ca-operations.ts';
import type { WatchedGate } from './watched-gate.ts';

export interface Notice {
  /** The same as long as it is about the same. */
  readonly key: string;
  readonly summary: string;
  readonly hint: string;
}

const dayMs = 86_400_000;

/** A rotation begins long before; a root this close to its end waits for something. */
const rootWarningMs = 14 * dayMs;

export type UpstreamsByMirror = ReadonlyMap<string, readonly UpstreamState[]>;

/** What there is to look at. */
export interface NoticedGate extends Pick<WatchedGate, 'certificates' | 'roots'> {
  readonly bandwidth: Pick<BandwidthStatus, 'stage' | 'usedBytes' | 'monthlyBytes'>;
  readonly ca: () => Pick<CaStatus, 'rotation'> | undefined;
}

export function noticesOf(gate: NoticedGate, upstreams: UpstreamsByMirror, now: Date): Notice[] {
  return [
    ...certificateNotices(gate, now),
    ...rootNotices(gate, now),
    ...intermediateNotices(gate, now),
    ...rotationNotices(gate),
    ...budgetNotices(gate),
    ...upstreamNotices(upstreams),
  ];
}

function certificateNotices({ certificates }: NoticedGate, now: Date): Notice[] {
  return certificates.flatMap(({ site, notAfter, lastError }) => {
    const hint = 'see mirrorgate cert list';
    const leftMs = notAfter === undefined ? undefined : notAfter.getTime() - now.getTime();
    if (notAfter !== undefined && leftMs !== undefined && leftMs < dayMs) {
      const when = notAfter.toISOString();
      const summary = `the certificate of ${site} ${leftMs < 0 ? 'expired' : 'expires'} at ${when}`;
      return [{ key: `certificate-expires ${site}`, summary, hint }];
    }
    if (lastError === undefined) return [];
    const summary = `the certificate of ${site} cannot be renewed: ${lastError}`;
    return [{ key: `certificate-fails ${site}`, summary, hint }];
  });
}

function rootNotices({ roots }: NoticedGate, now: Date): Notice[] {
  return roots.flatMap(({ state, notAfter }) => {
    if (state !== 'active' || notAfter.getTime() - now.getTime() > rootWarningMs) return [];
    const summary = `the root of the private CA expires at ${notAfter.toISOString()}, and its rotation waits`;
    return [{ key: 'root-expires', summary, hint: 'see mirrorgate ca status' }];
  });
}

/** A gate cannot renew what its offline root has to sign: somebody has to bring that. */
function intermediateNotices({ roots }: NoticedGate, now: Date): Notice[] {
  return roots.flatMap(({ state, intermediate }) => {
    if (intermediate === undefined || state === 'retiring' || now < intermediate.dueAt) return [];
    const { notAfter } = intermediate;
    const summary = `the intermediate of the private CA expires at ${notAfter.toISOString()}; its ${state} root has to be presented before`;
    const hint = 'mirrorgate ca renew --offline-root DIR';
    return [{ key: `intermediate-expires ${state}`, summary, hint }];
  });
}

function rotationNotices({ ca }: NoticedGate): Notice[] {
  const rotation = ca()?.rotation;
  if (rotation?.waitsFor === 'root' && rotation.cause === undefined) {
    const summary =
      'the root of the private CA is old enough to be replaced, and is kept elsewhere';
    const hint = 'mirrorgate ca rotate --offline-root DIR';
    return [{ key: 'rotation-wants-root', summary, hint }];
  }
  if (rotation?.waitsFor !== 'clients') return [];
  const clients = clientNames(rotation.lacking);
  const summary = `the rotation of the private CA waits for clients that lack the new root: ${clients}`;
  const hint = 'see mirrorgate ca status; ca rotate --force leaves them behind';
  return [{ key: 'rotation-waits', summary, hint }];
}

function budgetNotices({ bandwidth: { stage, usedBytes, monthlyBytes } }: NoticedGate): Notice[] {
  if (stage === undefined || monthlyBytes === undefined) return [];
  const percent = Math.round((100 * usedBytes) / monthlyBytes);
  const reached = Math.round(stage.share * 100);
  const summary = `${percent} % of the month's traffic is used: from ${reached} % on the rule is "${stage.action}"`;
  const hint = 'see mirrorgate status for who takes most';
  return [{ key: `budget ${reached} ${stage.action}`, summary, hint }];
}

function upstreamNotices(upstreams: UpstreamsByMirror): Notice[] {
  return [...upstreams].flatMap(([mirror, states]) => {
    const isOut = states.length > 0 && states.every(({ breaker }) => breaker !== 'closed');
    if (!isOut) return [];
    const hosts = [...new Set(states.map(({ host }) => host))].join(', ');
    const summary = `${hosts}, the upstream of ${mirror}, does not answer`;
    return [{ key: `upstream ${mirror}`, summary, hint: 'what is cached is served as stale' }];
  });
}
