/** The issuer for hosts whose certificates come from public or private CAs by ACME (RFC 8555). */
import {
  certificateFacts,
  checkCertifiedKey,
  parseChain,
} from '../certificates/certificate-facts.ts';
import type { CertifiedKey, Issuer, Outlook } from '../certificates/issuer.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { HostName } from '../net/host-name.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import type { AcmeCa } from './acme-ca.ts';
import type { AcmeServer } from './acme-server.ts';
import type { AcmeState } from './acme-state.ts';
import { caServer } from './ca-server.ts';
import type { KeyType } from './certificate-request.ts';
import type { ChallengeKind, ChallengeResponders } from './challenge.ts';
import { isSameSet } from './identifiers.ts';
import { attemptIssuance } from './issuance.ts';
import type { IssuanceRecord, IssuedCertificate } from './issuance-record.ts';
import { tryCertificateId } from './renewal-info.ts';
import { dueAtByRecord, outlookOf } from './record-outlook.ts';
import { renewalInstant } from './renewal-policy.ts';
import { currentPlan } from './renewal-plan.ts';

/** What may be ordered, and how. Nothing else ever is. */
export interface AcmeSite {
  /** What the certificate must cover. */
  readonly hosts: readonly HostName[];
  /** What is ordered for them; see {@link certificateNames}. */
  readonly names: readonly string[];
  /** Kinds of challenges that it can answer, the preferred one first. */
  readonly challenges: readonly ChallengeKind[];
}

export interface AcmeIssuerOptions {
  /** In the order in which they are asked. */
  readonly cas: readonly [AcmeCa, ...AcmeCa[]];
  readonly sites: readonly AcmeSite[];
  readonly keyType: KeyType;
  readonly responders: ChallengeResponders;
  /** One for the life of the process, whatever the configuration becomes. */
  readonly state: AcmeState;
  readonly clock: Clock;
  readonly logger: Logger;
  /** From 0 to 1; `Math.random` unless told. */
  readonly random?: () => number;
  /** Real CAs unless told. */
  readonly connect?: (ca: AcmeCa) => AcmeServer;
  /** For a CA to look at a challenge, and for it to sign; 3 minutes unless told. */
  readonly deadlineMs?: number;
}

const atOnce = new Date(0);

/**
 * `issue` gives what was issued before where the caller does not have it yet, and opens an order
 * only where there is no such thing. Rejects with `MIRRORGATE_ACME_UNLISTED`, or with
 * `MIRRORGATE_CERTIFICATE_DEFERRED` whose cause says what failed.
 */
export function acmeIssuer(options: AcmeIssuerOptions): Issuer {
  const { cas, sites, state, clock, logger, random = Math.random, deadlineMs = 180_000 } = options;
  const connect =
    options.connect ??
    (({ directory, rootsPem }) => caServer({ directoryUrl: directory, rootsPem, clock }));
  const servers = new Map<string, AcmeServer>();
  const serverOf = (ca: AcmeCa): AcmeServer => {
    const server = servers.get(ca.directory) ?? connect(ca);
    servers.set(ca.directory, server);
    return server;
  };
  const siteOf = (hosts: readonly HostName[]): AcmeSite => {
    const site = sites.find((listed) => isSameSet(listed.hosts, hosts));
    if (site !== undefined) return site;
    throw new MirrorgateError(
      'MIRRORGATE_ACME_UNLISTED',
      `${hosts.join(', ')} are not the hosts of a configured site: nothing is ordered for them`,
      { hint: 'list them as hosts of a mirror or service' },
    );
  };
  /** Whether `issued` is as good as what would be ordered now. */
  const isGivable = (issued: IssuedCertificate, site: AcmeSite, record: IssuanceRecord): boolean =>
    cas.some(({ directory }) => directory === issued.directory) &&
    isServable(issued, site, clock.now()) &&
    dueAtByRecord(parseChain(issued.chainPem)[0], record) > clock.now();

  return {
    async issue(hosts, signal, { replacing, isForced = false } = {}) {
      signal.throwIfAborted();
      const site = siteOf(hosts);
      const { names } = site;
      return await state.issuing(names, signal, async () => {
        const record = await state.record(names);
        const { issued } = record;
        if (issued !== undefined && !isSame(issued, replacing) && isGivable(issued, site, record)) {
          return { privateKeyPem: issued.privateKeyPem, chainPem: issued.chainPem };
        }
        return await attemptIssuance({
          cas,
          names,
          hosts: site.hosts,
          kinds: kindsInOrder(site, record, options.responders),
          responders: options.responders,
          keyType: options.keyType,
          predecessor: predecessorOf(replacing, record, cas),
          leftMs: replacing && leftMs(replacing, site, clock.now()),
          isForced,
          state,
          serverOf,
          clock,
          logger,
          random,
          deadlineMs,
          signal,
        });
      });
    },

    async dueAt(held, hosts, signal = new AbortController().signal) {
      const site = siteOf(hosts);
      const record = await state.record(site.names);
      const { issued } = record;
      const [leaf] = parseChain(held.chainPem);
      const facts = certificateFacts(leaf);
      const isOurs = issued !== undefined && isSame(issued, held);
      const isWanted = isOurs
        ? site.names.every((name) => facts.names.includes(name))
        : isSameSet(facts.names, site.names);
      if (!isWanted) return atOnce;
      if (isOurs && !cas.some(({ directory }) => directory === issued.directory)) return atOnce;
      if (issued !== undefined && !isOurs) {
        const isNewer = certificateFacts(parseChain(issued.chainPem)[0]).notAfter > facts.notAfter;
        if (isNewer && isGivable(issued, site, record)) return atOnce;
      }
      const ca = originOf(held, record, cas);
      const plan =
        ca &&
        (await currentPlan({
          leaf,
          facts,
          names: site.names,
          server: serverOf(ca),
          state,
          clock,
          logger,
          random,
          signal,
        }));
      return renewalInstant(facts, plan?.renewAt);
    },

    async outlook(hosts): Promise<Outlook> {
      return outlookOf(await state.record(siteOf(hosts).names));
    },
  };
}

function isSame(issued: CertifiedKey, held: CertifiedKey | undefined): boolean {
  return issued.privateKeyPem === held?.privateKeyPem;
}

function isServable(certifiedKey: CertifiedKey, { hosts }: AcmeSite, now: Date): boolean {
  try {
    checkCertifiedKey(certifiedKey, hosts, now);
    return true;
  } catch (error) {
    if (!(error instanceof MirrorgateError)) throw error;
    return false;
  }
}

function leftMs(held: CertifiedKey, site: AcmeSite, now: Date): number | undefined {
  if (!isServable(held, site, now)) return undefined;
  return parseChain(held.chainPem)[0].validToDate.getTime() - now.getTime();
}

/** The CA that made `held`: as recorded, else the only one that there is. */
function originOf(
  held: CertifiedKey,
  { issued }: IssuanceRecord,
  cas: readonly AcmeCa[],
): AcmeCa | undefined {
  if (issued !== undefined && isSame(issued, held)) {
    return cas.find(({ directory }) => directory === issued.directory);
  }
  return cas.length === 1 ? cas[0] : undefined;
}

function predecessorOf(
  replacing: CertifiedKey | undefined,
  record: IssuanceRecord,
  cas: readonly AcmeCa[],
) {
  if (replacing === undefined) return undefined;
  const ca = originOf(replacing, record, cas);
  const certificateId = tryCertificateId(parseChain(replacing.chainPem)[0]);
  if (ca === undefined || certificateId === undefined) return undefined;
  return { directory: ca.directory, certificateId };
}

/** What worked last comes first; after a failure it is the turn of the next one. */
function kindsInOrder(
  { challenges }: AcmeSite,
  { challenge, attempts }: IssuanceRecord,
  responders: ChallengeResponders,
): readonly ChallengeKind[] {
  const usable = challenges.filter((kind) => responders.has(kind));
  const first = usable.filter((kind) => kind === challenge);
  const kinds = [...first, ...usable.filter((kind) => kind !== challenge)];
  const turn = (attempts?.failures ?? 0) % Math.max(kinds.length, 1);
  return [...kinds.slice(turn), ...kinds.slice(0, turn)];
}
