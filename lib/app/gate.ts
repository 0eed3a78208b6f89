/**
 * A running gate: the supervisor's part. It owns the configuration, the allow-list, every key and
 * certificate, and the processes that use them; it never carries a client's bytes.
 */
import type { Configuration } from '../config/configuration.ts';
import { loadConfiguration } from '../config/load.ts';
import type { BoundAddress } from '../edge/addresses.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { systemClock, type Clock } from '../time/clock.ts';
import { Bandwidth } from './bandwidth.ts';
import { Certification } from './certification.ts';
import { controlServer, type ControlCommands } from './control-server.ts';
import { Fleet } from './fleet.ts';
import { gateCommands } from './gate-commands.ts';
import type { GateFacts } from './gate-facts.ts';
import { InstanceLock } from './instance-lock.ts';
import { ListInForce } from './list-in-force.ts';
import { assertPortsFree } from './listening.ts';
import { Lookout } from './lookout.ts';
import { PrivateCa } from './private-ca.ts';
import { ReloadQueue } from './reload-queue.ts';
import { changesThatNeedRestart, reloadable } from './reload.ts';
import { servedDocuments } from './served-documents.ts';
import { bandwidthFile, edgeSettings, workerKnowledge, workerSockets } from './settings.ts';
import { prepareStateDirectory } from './state-directory.ts';
import { TicketKeys } from './ticket-keys.ts';
import { readVersion } from './version.ts';
import { filesOf, WatchedFiles } from './watched-files.ts';
import type { WatchedGate } from './watched-gate.ts';

/** Answers in flight are given this long at SIGTERM. */
const drainGraceMs = 30_000;

export class Gate {
  readonly #logger: Logger;
  readonly #version = readVersion();
  /** Undo what was started, last first. */
  readonly #closers: (() => Promise<void> | void)[] = [];
  readonly #bandwidth: Bandwidth;
  readonly #privateCa: PrivateCa;
  readonly #certification: Certification;
  readonly #fleet: Fleet;
  readonly #ticketKeys = new TicketKeys(systemClock, (ticketKeys) => {
    this.#fleet.updateEdges({ ticketKeys });
  });
  readonly #lookout: Lookout;
  readonly #watchedFiles = new WatchedFiles();
  readonly #allowList: ListInForce;
  readonly #reloads: ReloadQueue;
  #configuration: Configuration;
  #addresses: readonly BoundAddress[] = [];
  #isReady = false;
  #closed: Promise<void> | undefined;

  private constructor(configuration: Configuration, trustClock: Clock) {
    const { log, processes, cache, certificates } = configuration;
    const logger = createLogger({ level: log.level, format: log.format, process: 'supervisor' });
    const clock = systemClock;
    this.#configuration = configuration;
    this.#logger = logger;
    this.#reloads = new ReloadQueue(logger);
    this.#allowList = new ListInForce({
      ...{ watchedFiles: this.#watchedFiles, logger },
      onChange: () => void this.#reloadAllowList(),
    });
    this.#fleet = new Fleet({
      edges: processes.edges,
      workers: workerSockets(configuration),
      cache,
      version: this.#version,
      log,
      clock,
      logger,
      onSightings: (sightings) => this.#privateCa.note(sightings),
      onActivity: (activity) => this.#lookout.activity.take(activity),
      onUsage: (edge, usage) => this.#bandwidth.take(edge, usage),
      onEdgeGone: (edge) => this.#bandwidth.edgeGone(edge),
    });
    this.#bandwidth = new Bandwidth({
      configuration: configuration.bandwidth,
      file: bandwidthFile(configuration),
      edges: processes.edges,
      clock,
      logger,
      onOrders: (budget) => this.#fleet.updateEdges({ budget }),
    });
    this.#privateCa = new PrivateCa({
      ...{ clock: trustClock, logger },
      onChange: (bundle) => {
        this.#fleet.updateEdges({ trust: servedDocuments(this.#configuration, bundle) });
        void this.#certification.check();
      },
    });
    this.#certification = new Certification({
      ...{ directory: certificates.directory, fleet: this.#fleet, clock: trustClock, logger },
      privateCa: this.#privateCa,
    });
    const gate = (): WatchedGate => this.#watched();
    this.#lookout = new Lookout({ gate, fleet: this.#fleet, clock, logger });
  }

  /**
   * Resolves when every listener is open. Nothing is left behind where it rejects. `trustClock` is
   * what roots and certificates live by.
   * @throws ConfigurationError; StartError; MirrorgateError of the part that cannot be had
   */
  static async start(file: string, trustClock: Clock = systemClock): Promise<Gate> {
    const gate = new Gate(await loadConfiguration(file), trustClock);
    try {
      const started = gate.#start();
      // What changes meanwhile is taken into use after it.
      gate.#reloads.follow(started);
      await started;
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
      admin: this.#lookout.address,
      trust: this.#certification.documents,
    };
  }

  /**
   * Reads every file again. What is wrong is logged and changes nothing; what is right is taken
   * into use without dropping a connection.
   */
  reload(): Promise<void> {
    return this.#reloads.add(async () => {
      const wanted = await loadConfiguration(this.#configuration.file);
      try {
        this.#follow(this.#configuration, wanted);
        await this.#take(wanted);
      } finally {
        this.#follow(this.#configuration);
      }
    });
  }

  /** Drains: answers in flight get `graceMs` to end. Idempotent. */
  close(graceMs = drainGraceMs): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  #watched(): WatchedGate {
    return {
      version: this.#version,
      isReady: this.#isReady,
      configuration: this.#configuration,
      certificates: this.#certification.statuses,
      roots: this.#certification.roots,
      bandwidth: this.#bandwidth.status(),
      ca: () => this.#privateCa.status(),
      clientTrust: () => this.#privateCa.clientTrust(),
    };
  }

  #commands(): ControlCommands {
    return gateCommands({
      ...{ lookout: this.#lookout, fleet: this.#fleet, bandwidth: this.#bandwidth },
      ...{ privateCa: this.#privateCa, certification: this.#certification },
      configuration: () => this.#configuration,
    });
  }

  async #start(): Promise<void> {
    const configuration = this.#configuration;
    const { stateDirectory } = configuration;
    this.#follow(configuration);
    const allowList = await this.#allowList.read(configuration);
    await prepareStateDirectory(configuration);
    const lock = await InstanceLock.take(stateDirectory, controlServer(this.#commands()));
    this.#closers.push(() => lock.release());

    this.#ticketKeys.start();
    this.#closers.push(() => this.#ticketKeys.close());
    await this.#bandwidth.start();
    this.#closers.push(() => this.#bandwidth.close());
    this.#closers.push(() => this.#privateCa.close());
    await this.#certification.take(configuration);

    await this.#lookout.start();
    this.#closers.push(() => this.#lookout.close());
    const settings = edgeSettings(configuration);
    await assertPortsFree(settings);
    this.#addresses = await this.#fleet.start(workerKnowledge(configuration), {
      settings,
      certificates: this.#certification.siteKeys,
      allowList: this.#allowList.take(allowList),
      trust: this.#certification.documents,
    });
    await this.#privateCa.follow(configuration);
    this.#isReady = true;
    this.#certification.open();
  }

  async #close(graceMs: number): Promise<void> {
    this.#isReady = false;
    this.#watchedFiles.close();
    await this.#lookout.record();
    this.#reloads.close();
    // First: a CA that comes for a challenge must not find the edges gone.
    await this.#certification.close();
    await this.#fleet.close(graceMs);
    for (const close of this.#closers.reverse()) await close();
  }

  /** All of what a running gate can change, or nothing of it. */
  async #take(wanted: Configuration): Promise<void> {
    const configuration = reloadable(this.#configuration, wanted);
    const allowList = await this.#allowList.read(configuration);
    await this.#certification.take(configuration);
    for (const key of changesThatNeedRestart(this.#configuration, wanted)) {
      this.#logger.warn('this change takes effect at the next start only', { key });
    }
    this.#configuration = configuration;
    this.#fleet.updateWorkers(workerKnowledge(configuration));
    this.#bandwidth.configure(configuration.bandwidth);
    this.#fleet.updateEdges({
      settings: edgeSettings(configuration),
      certificates: this.#certification.siteKeys,
      allowList: this.#allowList.take(allowList),
      trust: this.#certification.documents,
    });
    await this.#privateCa.follow(configuration);
    this.#logger.info('configuration reloaded', { file: configuration.file });
  }

  #reloadAllowList(): Promise<void> {
    return this.#reloads.add(async () => {
      this.#fleet.updateEdges({ allowList: await this.#allowList.renew(this.#configuration) });
    });
  }

  #follow(...configurations: readonly Configuration[]): void {
    const reactions = {
      configuration: () => void this.reload(),
      allowList: () => void this.#reloadAllowList(),
      certificates: () => void this.#certification.check(),
    };
    if (this.#closed === undefined) this.#watchedFiles.follow(filesOf(configurations, reactions));
  }
}
