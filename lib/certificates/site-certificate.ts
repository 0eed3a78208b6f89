/**
 * The certificate of one site: loaded, checked, replaced when it is due, served on while its
 * replacement fails. One attempt at a time; what is served has been stored first.
 */
import type { IssuerName, Site } from '../config/configuration.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import { certificateFacts, parseChain } from './certificate-facts.ts';
import type { CertificateStore } from './certificate-store.ts';
import { CheckQueue } from './check-queue.ts';
import { withDeadline } from './deadline.ts';
import type { CertifiedKey, Issuer, Outlook } from './issuer.ts';
import { waitAfterFailureMs, waitAfterFutileIssueMs, waitUntilDueMs } from './renewal-schedule.ts';
import { servability, type Servability } from './servability.ts';

export interface SiteCertificateContext {
  readonly store: CertificateStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long an issuer may take to answer. */
  readonly issueDeadlineMs: number;
  /** A site is looked at again after this at the latest. */
  readonly maxWaitMs: number;
  /** Called with each certificate that the site serves from now on. Must not throw. */
  readonly onChange: (site: Site, certifiedKey: CertifiedKey) => void;
}

export interface SiteCertificateOptions {
  readonly site: Site;
  readonly issuer: Issuer;
  readonly context: SiteCertificateContext;
  /** What an earlier configuration of the site left: it stops first, its certificate serves on. */
  readonly predecessor?: SiteCertificate | undefined;
}

const atOnce = new Date(0);

export class SiteCertificate {
  readonly site: Site;
  readonly #context: SiteCertificateContext;
  readonly #closing = new AbortController();
  readonly #checks: CheckQueue;
  #issuer: Issuer;
  #held: CertifiedKey | undefined;
  /** Who issued it: what another issuer left serves only until there is something better. */
  #heldFrom: IssuerName | undefined;
  /** Issued, but the disk refused it: not to be ordered a second time. */
  #unsaved: CertifiedKey | undefined;
  #loaded = false;
  #forced = false;
  #failures = 0;
  #lastError: unknown;
  #dueAt: Date | undefined;

  constructor({ site, issuer, context, predecessor }: SiteCertificateOptions) {
    this.site = site;
    this.#issuer = issuer;
    this.#context = context;
    const { clock } = context;
    const after = predecessor?.close();
    this.#checks = new CheckQueue({ clock, check: () => this.#attempt(), after });
    if (predecessor === undefined) return;
    this.#held = predecessor.#held;
    this.#heldFrom = predecessor.#heldFrom;
  }

  get held(): CertifiedKey | undefined {
    return this.#held;
  }

  /** Why the last attempt failed; undefined after a good one. */
  get lastError(): unknown {
    return this.#lastError;
  }

  get dueAt(): Date | undefined {
    return this.#dueAt;
  }

  get nextCheckAt(): Date | undefined {
    return this.#checks.nextAt;
  }

  /** Whether what is held can serve the site now. */
  get isUsable(): boolean {
    return this.#held !== undefined && this.#servability(this.#held).kind !== 'unusable';
  }

  /** What its issuer knows of the certificates to come; undefined where that is nothing. */
  async outlook(): Promise<Outlook | undefined> {
    return await this.#issuer.outlook?.(this.site.hosts);
  }

  /** From the next attempt on, this issuer is asked. */
  useIssuer(issuer: Issuer): void {
    this.#issuer = issuer;
  }

  /**
   * Loads, checks, and replaces what is due. Never rejects: see {@link lastError}. Calls that
   * come while an attempt runs share the one after it.
   */
  check(): Promise<void> {
    return this.#checks.run();
  }

  /** Takes what is stored into use and asks nobody. Never rejects: a fault shows at the next check. */
  async load(): Promise<void> {
    // A check that runs or waits has done so, or is about to.
    if (this.#loaded || this.#checks.isQueued) return;
    await this.#checks.runBetween(() => this.#load());
  }

  /** As {@link check}, but replaces what is not due too. */
  renew(): Promise<void> {
    this.#forced = true;
    return this.check();
  }

  /** Idempotent. Aborts a running attempt; nothing is announced afterwards. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#checks.close();
  }

  async #attempt(): Promise<void> {
    const forced = this.#forced;
    this.#forced = false;
    try {
      this.#closing.signal.throwIfAborted();
      await this.#load();
      let dueAt = forced ? atOnce : await this.#findDueAt();
      const issue = dueAt <= this.#now();
      if (issue) {
        await this.#replace(forced);
        dueAt = await this.#findDueAt();
      }
      this.#succeed(dueAt, issue);
    } catch (error) {
      if (this.#closing.signal.aborted) this.#lastError = error;
      else this.#fail(error);
    }
  }

  async #load(): Promise<void> {
    if (this.#loaded) return;
    const stored = await this.#context.store.load(this.site.name, this.site.issuer);
    this.#closing.signal.throwIfAborted();
    this.#loaded = true;
    if (stored === undefined) return;
    if (this.#held === undefined || this.#servability(stored).kind !== 'unusable') {
      this.#announce(stored);
    }
  }

  async #findDueAt(): Promise<Date> {
    const held = this.#held;
    if (held === undefined || this.#heldFrom !== this.site.issuer) return atOnce;
    if (this.#servability(held).kind === 'unusable') return atOnce;
    return await this.#ask((signal) => this.#issuer.dueAt(held, this.site.hosts, signal));
  }

  async #replace(isForced: boolean): Promise<void> {
    const { store, logger } = this.#context;
    const { name, hosts, issuer } = this.site;
    const replacing = this.#heldFrom === issuer ? this.#held : undefined;
    const next =
      this.#unsaved ??
      (await this.#ask((signal) => this.#issuer.issue(hosts, signal, { replacing, isForced })));
    this.#unsaved = undefined;
    const result = this.#servability(next);
    if (result.kind === 'unusable') throw result.problem;
    this.#unsaved = next;
    await store.save(name, issuer, next);
    this.#unsaved = undefined;
    this.#closing.signal.throwIfAborted();
    this.#announce(next);
    const { serial, notAfter } = certificateFacts(parseChain(next.chainPem)[0]);
    logger.info('certificate obtained', {
      ...{ site: name, names: hosts, issuer, serial },
      notAfter: notAfter.toISOString(),
    });
  }

  #announce(next: CertifiedKey): void {
    this.#heldFrom = this.site.issuer;
    if (next.chainPem === this.#held?.chainPem) return;
    this.#held = next;
    this.#context.onChange(this.site, next);
  }

  #succeed(dueAt: Date, issued: boolean): void {
    this.#failures = 0;
    this.#dueAt = dueAt;
    const now = this.#now();
    const result = this.#held && this.#servability(this.#held);
    this.#lastError = result?.kind === 'suspect' ? result.problem : undefined;
    const futile = issued && dueAt <= now;
    const { maxWaitMs } = this.#context;
    this.#checks.appoint(
      futile ? waitAfterFutileIssueMs(this.#leftMs(now)) : waitUntilDueMs(dueAt, now, maxWaitMs),
    );
    if (futile) this.#log('warn', 'certificate due when issued');
    if (this.#lastError !== undefined) this.#log('warn', 'certificate suspect');
  }

  #fail(error: unknown): void {
    this.#failures += 1;
    this.#lastError = error;
    const now = this.#now();
    const leftMs = this.isUsable ? this.#leftMs(now) : undefined;
    this.#checks.appoint(waitAfterFailureMs(error, { failures: this.#failures, leftMs, now }));
    this.#log(this.isUsable ? 'warn' : 'error', 'certificate failed');
  }

  #ask<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { clock, issueDeadlineMs } = this.#context;
    return withDeadline(work, {
      clock,
      deadlineMs: issueDeadlineMs,
      signal: this.#closing.signal,
    });
  }

  #servability(certifiedKey: CertifiedKey): Servability {
    return servability(certifiedKey, this.site.hosts, this.#now());
  }

  /** How long the held certificate lasts. */
  #leftMs(now: Date): number {
    if (this.#held === undefined) return 0;
    return parseChain(this.#held.chainPem)[0].validToDate.getTime() - now.getTime();
  }

  #log(level: 'warn' | 'error', event: string): void {
    this.#context.logger[level](event, {
      ...{ site: this.site.name, names: this.site.hosts, issuer: this.site.issuer },
      nextCheckAt: this.#checks.nextAt?.toISOString(),
      ...(this.#lastError === undefined ? {} : errorFields(this.#lastError)),
    });
  }

  #now(): Date {
    return this.#context.clock.now();
  }
}
