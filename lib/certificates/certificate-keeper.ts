/**
 * Keeps a valid certificate for every site: in the supervisor, behind the seam of the issuers.
 * It never ends a served certificate because its successor failed.
 */
import type { IssuerName, Site } from '../config/configuration.ts';
import { errorMessage, MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { HostName } from '../net/host-name.ts';
import { SiteFailuresError } from './certificate-errors.ts';
import { certificateFacts, parseChain } from './certificate-facts.ts';
import type { CertifiedKey, Issuer, Outlook } from './issuer.ts';
import { usualMaxWaitMs } from './renewal-schedule.ts';
import { SiteCertificate, type SiteCertificateContext } from './site-certificate.ts';

export type Issuers = ReadonlyMap<IssuerName, Issuer>;

export interface CertificateKeeperOptions extends Omit<
  SiteCertificateContext,
  'issueDeadlineMs' | 'maxWaitMs'
> {
  readonly sites: readonly Site[];
  readonly issuers: Issuers;
  /** How long an issuer may take to answer; 10 minutes unless told. */
  readonly issueDeadlineMs?: number;
  /** An hour unless told. */
  readonly maxWaitMs?: number;
  /**
   * Issuers that work through the gate's own listeners, or take long: nothing waits for them, and
   * they are asked nothing before {@link CertificateKeeper.open}. None unless told.
   */
  readonly background?: ReadonlySet<IssuerName>;
}

/** What a site serves. */
export interface ServedCertificate {
  readonly site: Site;
  readonly certifiedKey: CertifiedKey;
}

/** What `cert list` shows of a site. */
export interface CertificateStatus {
  readonly site: string;
  /** The names that the site needs; what it serves may still be for others. */
  readonly names: readonly HostName[];
  readonly issuer: IssuerName;
  /** Of the served certificate; undefined where there is none. */
  readonly issuedBy: string | undefined;
  readonly serial: string | undefined;
  readonly notBefore: Date | undefined;
  readonly notAfter: Date | undefined;
  /** When it is to be replaced. */
  readonly dueAt: Date | undefined;
  /** When the site is looked at again: no later than that. */
  readonly nextCheckAt: Date | undefined;
  readonly lastError: string | undefined;
}

/** What `cert list` shows of a running gate: with what the issuer knows beside. */
export interface CertificateReport extends CertificateStatus {
  readonly outlook: Outlook | undefined;
}

export class CertificateKeeper {
  readonly #options: CertificateKeeperOptions;
  readonly #context: SiteCertificateContext;
  #certificates: ReadonlyMap<string, SiteCertificate> = new Map();
  #isOpen = false;

  constructor(options: CertificateKeeperOptions) {
    this.#options = options;
    this.#context = { issueDeadlineMs: 600_000, maxWaitMs: usualMaxWaitMs, ...options };
  }

  /**
   * Resolves when every site has a usable certificate: stored ones at once, others when issued;
   * those of background issuers when what is stored has been loaded.
   * @throws SiteFailuresError `MIRRORGATE_CERTIFICATE_MISSING` naming the sites that have none
   *   after the first attempt; the keeper goes on trying for them until it is closed.
   * @throws MirrorgateError `MIRRORGATE_CERTIFICATE_NO_ISSUER`
   */
  start(): Promise<void> {
    return this.update(this.#options.sites, this.#options.issuers);
  }

  /**
   * Takes over a new configuration; resolves and rejects as {@link start}. Sites that stay keep
   * what they serve; one whose names or issuer changed serves its old certificate until it has
   * its new one. `onChange` is called for changed certificates alone: see {@link current} for
   * the sites. Where a later update takes over before this one is done, that one tells how it ended.
   */
  async update(sites: readonly Site[], issuers: Issuers): Promise<void> {
    const wanted = sites.map((site) => ({ site, issuer: requireIssuer(issuers, site) }));
    const before = this.#certificates;
    const taken = new Map(
      wanted.map(({ site, issuer }) => {
        const predecessor = before.get(site.name);
        if (predecessor !== undefined && isSame(predecessor.site, site)) {
          predecessor.useIssuer(issuer);
          return [site.name, predecessor];
        }
        const context = this.#context;
        return [site.name, new SiteCertificate({ site, issuer, context, predecessor })];
      }),
    );
    this.#certificates = taken;
    const gone = [...before.values()].filter(({ site }) => !taken.has(site.name));
    const [awaited, others] = this.#divided();
    await Promise.all([
      ...gone.map((certificate) => certificate.close()),
      ...others.map((certificate) => certificate.load()),
      ...awaited.map((certificate) => certificate.check()),
    ]);
    if (this.#certificates !== taken) return;
    if (this.#isOpen) this.#checkInBackground(others);
    const failed = awaited.filter(({ isUsable }) => !isUsable);
    if (failed.length === 0) return;
    throw failures('MIRRORGATE_CERTIFICATE_MISSING', 'no usable certificate', failed);
  }

  /** The gate's listeners are open: background issuers are asked from now on. */
  open(): void {
    this.#isOpen = true;
    const [, others] = this.#divided();
    this.#checkInBackground(others);
  }

  /** Something outside changed (a file, a root, the clock): looks at every site again. */
  async check(): Promise<void> {
    const [awaited, others] = this.#divided();
    const chosen = this.#isOpen ? [...awaited, ...others] : awaited;
    await Promise.all(chosen.map((certificate) => certificate.check()));
  }

  /**
   * Replaces the certificate of one site, or of all, whether due or not.
   * @throws MirrorgateError `MIRRORGATE_CERTIFICATE_UNKNOWN_SITE`
   * @throws SiteFailuresError `MIRRORGATE_CERTIFICATE_NOT_RENEWED`; what was served still is
   */
  async renew(siteName?: string): Promise<void> {
    const chosen = [...this.#certificates.values()].filter(
      ({ site }) => siteName === undefined || site.name === siteName,
    );
    if (siteName !== undefined && chosen.length === 0) {
      throw new MirrorgateError(
        'MIRRORGATE_CERTIFICATE_UNKNOWN_SITE',
        `there is no site "${siteName}"`,
        { hint: `choose one of: ${[...this.#certificates.keys()].join(', ')}` },
      );
    }
    await Promise.all(chosen.map((certificate) => certificate.renew()));
    const failed = chosen.filter(({ lastError }) => lastError !== undefined);
    if (failed.length === 0) return;
    throw failures('MIRRORGATE_CERTIFICATE_NOT_RENEWED', 'not renewed', failed);
  }

  /** What every site serves now; sites without a certificate are left out. */
  current(): ServedCertificate[] {
    return [...this.#certificates.values()].flatMap(({ site, held }) =>
      held === undefined ? [] : [{ site, certifiedKey: held }],
    );
  }

  statuses(): CertificateStatus[] {
    return [...this.#certificates.values()].map((certificate) => {
      const { site, held, dueAt, nextCheckAt, lastError } = certificate;
      const facts = held && certificateFacts(parseChain(held.chainPem)[0]);
      return {
        site: site.name,
        names: site.hosts,
        issuer: site.issuer,
        issuedBy: facts?.issuer,
        serial: facts?.serial,
        notBefore: facts?.notBefore,
        notAfter: facts?.notAfter,
        dueAt,
        nextCheckAt,
        lastError: lastError === undefined ? undefined : errorMessage(lastError),
      };
    });
  }

  /** As {@link statuses}, with what the issuers say of what is to come. */
  async reports(): Promise<CertificateReport[]> {
    const certificates = [...this.#certificates.values()];
    const outlooks = await Promise.all(certificates.map((certificate) => certificate.outlook()));
    return this.statuses().map((status, index) => ({ ...status, outlook: outlooks[index] }));
  }

  /** The sites that are waited for, and those in the background. */
  #divided(): [SiteCertificate[], SiteCertificate[]] {
    const { background } = this.#options;
    const all = [...this.#certificates.values()];
    const isBackground = ({ site }: SiteCertificate): boolean =>
      background?.has(site.issuer) === true;
    return [all.filter((each) => !isBackground(each)), all.filter(isBackground)];
  }

  /** How it ends each of them knows, logs, and mends by itself. */
  #checkInBackground(certificates: readonly SiteCertificate[]): void {
    for (const certificate of certificates) void certificate.check();
  }

  /** Idempotent. Aborts running attempts; nothing is announced afterwards. */
  async close(): Promise<void> {
    await Promise.all([...this.#certificates.values()].map((certificate) => certificate.close()));
  }
}

function requireIssuer(issuers: Issuers, site: Site): Issuer {
  const issuer = issuers.get(site.issuer);
  if (issuer !== undefined) return issuer;
  throw new MirrorgateError(
    'MIRRORGATE_CERTIFICATE_NO_ISSUER',
    `"${site.name}" asks for the issuer ${site.issuer}, which is not set up`,
    { hint: 'choose another issuer for it' },
  );
}

function isSame(left: Site, right: Site): boolean {
  return left.issuer === right.issuer && left.hosts.join() === right.hosts.join();
}

function failures(
  code: string,
  message: string,
  certificates: readonly SiteCertificate[],
): SiteFailuresError {
  return new SiteFailuresError(
    code,
    message,
    certificates.map(({ site, lastError }) => ({ site, error: lastError })),
  );
}
