/** The certificates of a running gate: who issues them, who keeps them, and that edges have them. */
import {
  CertificateKeeper,
  type CertificateReport,
  type CertificateStatus,
} from '../certificates/certificate-keeper.ts';
import { fileCertificateStore } from '../certificates/certificate-store.ts';
import type { Configuration, Site } from '../config/configuration.ts';
import type { TrustDocuments } from '../edge/settings.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import type { AcmeIssuance } from './acme-issuance.ts';
import type { Fleet } from './fleet.ts';
import type { SiteKey } from './messages.ts';
import type { PrivateCa } from './private-ca.ts';
import { openTrust, type Trust } from './trust.ts';
import type { WatchedRoot } from './watched-gate.ts';

export interface CertificationOptions {
  /** `certificates.directory`. */
  readonly directory: string;
  readonly fleet: Fleet;
  readonly privateCa: PrivateCa;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class Certification {
  readonly #options: CertificationOptions;
  #acme: Promise<AcmeIssuance> | undefined;
  readonly #keeper: CertificateKeeper;
  #trust: Trust | undefined;
  #sites: readonly Site[] = [];

  constructor(options: CertificationOptions) {
    const { directory, fleet, clock, logger } = options;
    this.#options = options;
    this.#keeper = new CertificateKeeper({
      sites: [],
      issuers: new Map(),
      store: fileCertificateStore({ directory, clock, logger }),
      background: new Set(['acme']),
      clock,
      logger,
      onChange: ({ name }, certifiedKey) => {
        fleet.updateEdges({ certificates: [{ site: name, certifiedKey }] });
      },
    });
  }

  /** What clients of the private CA may fetch; undefined where no host uses it. */
  get documents(): TrustDocuments | undefined {
    return this.#trust?.documents;
  }

  get roots(): readonly WatchedRoot[] {
    return this.#trust?.roots() ?? [];
  }

  get statuses(): readonly CertificateStatus[] {
    return this.#keeper.statuses();
  }

  /** What every site serves now. */
  get siteKeys(): readonly SiteKey[] {
    const current = this.#keeper.current();
    return current.map(({ site, certifiedKey }) => ({ site: site.name, certifiedKey }));
  }

  /**
   * Takes a configuration over. One whose hosts can get no certificate is refused whole, like any
   * other fault, and what was in force stays. Of ACME what is on disk is enough: see {@link open}.
   */
  async take(configuration: Configuration): Promise<void> {
    const { clock, privateCa } = this.#options;
    const { sites } = configuration;
    const trust = await openTrust(configuration, {
      acme: () => (this.#acme ??= loadAcme(this.#options)),
      privateCa,
      clock,
    });
    try {
      await this.#keeper.update(sites, trust.issuers);
    } catch (error) {
      if (this.#trust !== undefined) {
        // What goes wrong with these is logged, and is not why the reload was refused.
        await this.#keeper.update(this.#sites, this.#trust.issuers).catch(() => undefined);
      }
      throw error;
    }
    this.#trust = trust;
    this.#sites = sites;
  }

  /** The edges listen: CAs that validate through them are asked from now on. */
  open(): void {
    this.#keeper.open();
  }

  /** Something outside changed: looks at every site again. */
  async check(): Promise<void> {
    await this.#keeper.check();
  }

  /** What `cert list` shows. */
  reports(): Promise<readonly CertificateReport[]> {
    return this.#keeper.reports();
  }

  /**
   * Replaces the certificate of the site that `name` is a host of, or is the name of; of all where
   * it is undefined.
   * @throws MirrorgateError as {@link CertificateKeeper.renew}
   */
  async renew(name: unknown): Promise<readonly CertificateReport[]> {
    const site = typeof name === 'string' ? this.#siteOf(name).name : undefined;
    await this.#keeper.renew(site);
    const reports = await this.reports();
    return reports.filter((report) => site === undefined || report.site === site);
  }

  /** Ends running orders; what was ordered is taken up again at the next start. Idempotent. */
  async close(): Promise<void> {
    await this.#keeper.close();
  }

  #siteOf(name: string): Site {
    const wanted = name.toLowerCase();
    const site =
      this.#sites.find(({ hosts }) => hosts.some((host) => host === wanted)) ??
      this.#sites.find((each) => each.name === name);
    if (site !== undefined) return site;
    const hosts = this.#sites.flatMap((each) => each.hosts);
    throw new MirrorgateError(
      'MIRRORGATE_CERTIFICATE_UNKNOWN_SITE',
      `no site has the host "${name.slice(0, 253)}"`,
      { hint: `choose one of: ${hosts.join(', ')}` },
    );
  }
}

async function loadAcme(options: CertificationOptions): Promise<AcmeIssuance> {
  const { AcmeIssuance } = await import('./acme-issuance.ts');
  return new AcmeIssuance(options);
}
