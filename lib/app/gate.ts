/**
 * A running gate: the supervisor's part. It owns the configuration, the allow-list, every key and
 * certificate, and the processes that use them; it never carries a client's bytes.
 */
import { readAllowList } from '../access/allow-list-file.ts';
import { AdminServer } from '../admin/admin-server.ts';
import { CertificateKeeper, type CertificateStatus } from '../certificates/certificate-keeper.ts';
import { fileCertificateStore } from '../certificates/certificate-store.ts';
import type { Configuration } from '../config/configuration.ts';
import { loadConfiguration } from '../config/load.ts';
import type { BoundAddress } from '../edge/edge.ts';
import type { TrustDocuments } from '../edge/settings.ts';
import { claimPrivateDirectory, ensurePrivateDirectory } from '../files/private-tree.ts';
import { WatchedFile } from '../files/watched-file.ts';
import type { Endpoint } from '../net/endpoint.ts';
import { createLogger, errorFields, type Logger } from '../telemetry/logger.ts';
import { systemClock } from '../time/clock.ts';
import { Fleet } from './fleet.ts';
import { assertSocketPath, InstanceLock } from './instance-lock.ts';
import { changesThatNeedRestart, knownNames } from './reload.ts';
import { edgeSettings, runDirectory, workerSockets } from './settings.ts';
import { openTrust, type Trust } from './trust.ts';
import { readVersion } from './version.ts';

/** Answers in flight are given this long at SIGTERM. */
const drainGraceMs = 30_000;

/** What a gate tells once it serves. */
export interface GateFacts {
  readonly configuration: Configuration;
  readonly addresses: readonly BoundAddress[];
  readonly admin: Endpoint;
  readonly trust: TrustDocuments | undefined;
}

export class Gate {
  readonly #logger: Logger;
  /** Undo what was started, last first. */
  readonly #closers: (() => Promise<void> | void)[] = [];
  readonly #keeper: CertificateKeeper;
  readonly #fleet: Fleet;
  readonly #admin: AdminServer;
  #configuration: Configuration;
  #trust: Trust | undefined;
  #addresses: readonly BoundAddress[] = [];
  #watched: WatchedFile[] = [];
  #reloading: Promise<void> = Promise.resolve();
  #isReady = false;
  #closed: Promise<void> | undefined;

  private constructor(configuration: Configuration) {
    const { log, listen, processes, cache, certificates } = configuration;
    const logger = createLogger({ level: log.level, format: log.format, process: 'supervisor' });
    const clock = systemClock;
    this.#configuration = configuration;
    this.#logger = logger;
    this.#fleet = new Fleet({
      edges: processes.edges,
      workers: workerSockets(configuration),
      cache,
      version: readVersion(),
      log,
      logger,
    });
    this.#keeper = new CertificateKeeper({
      sites: [],
      issuers: new Map(),
      store: fileCertificateStore({ directory: certificates.directory, clock, logger }),
      clock,
      logger,
      onChange: ({ name }, certifiedKey) => {
        this.#fleet.updateEdges({ certificates: [{ site: name, certifiedKey }] });
      },
    });
    this.#admin = new AdminServer({ endpoint: listen.admin, isReady: () => this.#isReady });
  }

  /**
   * Resolves when every listener is open. Nothing is left behind where it rejects.
   * @throws ConfigurationError; StartError; MirrorgateError of the part that cannot be had
   */
  static async start(file: string): Promise<Gate> {
    const gate = new Gate(await loadConfiguration(file));
    try {
      await gate.#start();
      return gate;
    } catch (error) {
      await gate.close(0);
      throw error;
    }
  }

  get facts(): GateFacts {
    return {
      configuration: this.#configuration,
      addresses: this.#addresses,
      admin: this.#admin.address,
      trust: this.#trust?.documents,
    };
  }

  certificates(): CertificateStatus[] {
    return this.#keeper.statuses();
  }

  /**
   * Reads every file again. What is wrong is logged and changes nothing; what is right is taken
   * into use without dropping a connection.
   */
  reload(): Promise<void> {
    return this.#oneAtATime(async () => {
      const configuration = await loadConfiguration(this.#configuration.file);
      const allowList = await readAllowList(configuration.allowListFile, knownNames(configuration));
      const trust = await openTrust(configuration, { clock: systemClock, logger: this.#logger });
      await this.#takeCertificates(configuration, trust);
      this.#warnOfRestart(configuration);
      this.#configuration = configuration;
      this.#trust = trust;
      this.#fleet.updateWorkers(configuration.mirrors);
      this.#fleet.updateEdges({
        settings: edgeSettings(configuration),
        certificates: this.#siteKeys(),
        allowList,
        trust: trust.documents,
      });
      this.#watch();
      this.#logger.info('configuration reloaded', { file: configuration.file });
    });
  }

  /** Drains: answers in flight get `graceMs` to end. Idempotent. */
  close(graceMs = drainGraceMs): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  async #start(): Promise<void> {
    const configuration = this.#configuration;
    const { allowListFile, stateDirectory, sites } = configuration;
    const allowList = await readAllowList(allowListFile, knownNames(configuration));
    await claimPrivateDirectory(
      stateDirectory,
      (names) => names.length === 0 || names.includes('run'),
    );
    await ensurePrivateDirectory(runDirectory(configuration));
    for (const path of workerSockets(configuration)) assertSocketPath(path);
    const lock = await InstanceLock.take(stateDirectory);
    this.#closers.push(() => lock.release());

    const trust = await openTrust(configuration, { clock: systemClock, logger: this.#logger });
    this.#trust = trust;
    this.#closers.push(() => this.#keeper.close());
    await this.#keeper.update(sites, trust.issuers);

    await this.#admin.listen();
    this.#closers.push(() => this.#admin.close());
    this.#addresses = await this.#fleet.start(configuration.mirrors, {
      settings: edgeSettings(configuration),
      certificates: this.#siteKeys(),
      allowList,
      trust: trust.documents,
    });
    this.#isReady = true;
    this.#watch();
  }

  async #close(graceMs: number): Promise<void> {
    this.#isReady = false;
    for (const watched of this.#watched) watched.close();
    await this.#fleet.close(graceMs);
    for (const close of this.#closers.reverse()) await close();
  }

  #siteKeys() {
    return this.#keeper
      .current()
      .map(({ site, certifiedKey }) => ({ site: site.name, certifiedKey }));
  }

  /** A configuration whose hosts can get no certificate is refused whole, like any other fault. */
  async #takeCertificates(configuration: Configuration, trust: Trust): Promise<void> {
    try {
      await this.#keeper.update(configuration.sites, trust.issuers);
    } catch (error) {
      if (this.#trust !== undefined) {
        await this.#keeper.update(this.#configuration.sites, this.#trust.issuers);
      }
      throw error;
    }
  }

  #warnOfRestart(configuration: Configuration): void {
    for (const key of changesThatNeedRestart(this.#configuration, configuration)) {
      this.#logger.warn('this change takes effect at the next start only', { key });
    }
  }

  #reloadAllowList(): Promise<void> {
    return this.#oneAtATime(async () => {
      const configuration = this.#configuration;
      const allowList = await readAllowList(configuration.allowListFile, knownNames(configuration));
      this.#fleet.updateEdges({ allowList });
      const { length: entries } = allowList.entries;
      this.#logger.info('allow-list reloaded', { file: configuration.allowListFile, entries });
    });
  }

  #oneAtATime(work: () => Promise<void>): Promise<void> {
    this.#reloading = this.#reloading.then(work).catch((error: unknown) => {
      for (const line of errorMessageLines(error)) {
        this.#logger.error('reload refused, what was in force stays in force', line);
      }
    });
    return this.#reloading;
  }

  #watch(): void {
    for (const watched of this.#watched) watched.close();
    const { file, allowListFile, certificates } = this.#configuration;
    const pairs = certificates.files.flatMap(({ certificate, key }) => [certificate, key]);
    this.#watched = [
      new WatchedFile(file, () => void this.reload()),
      new WatchedFile(allowListFile, () => void this.#reloadAllowList()),
      ...pairs.map((path) => new WatchedFile(path, () => void this.#keeper.check())),
    ];
  }
}

/** A problem a line: a log line is cut to length, and every problem is to be read. */
function errorMessageLines(error: unknown) {
  const { error: text, ...rest } = errorFields(error);
  return String(text)
    .split('\n')
    .map((line) => ({ ...rest, error: line }));
}
