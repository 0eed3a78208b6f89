/**
 * The budget of a running gate: takes what the edges report, keeps the month's ledger on disk, and
 * orders the edges what they may send. It sees sums alone, and no byte of a client's.
 */
import { isDeepStrictEqual } from 'node:util';
import { assess, type Assessment } from '../budget/assessment.ts';
import { ClientShares } from '../budget/client-shares.ts';
import { readInterface, sentBetween, type InterfaceReading } from '../budget/interface-counter.ts';
import { readBudgetFile, writeBudgetFile } from '../budget/ledger-file.ts';
import { Ledger } from '../budget/ledger.ts';
import type { BudgetOrders, GivenManifest, UsageReport } from '../budget/usage.ts';
import type { BandwidthConfiguration } from '../config/configuration.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { bandwidthStatus, type BandwidthStatus } from './bandwidth-status.ts';
import type { EdgeBudget } from './messages.ts';

export interface BandwidthOptions {
  readonly configuration: BandwidthConfiguration;
  /** Where the ledger is kept. */
  readonly file: string;
  readonly edges: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told what the edges are to do, when it is something new. */
  readonly onOrders: (budget: EdgeBudget) => void;
}

const tickMs = 1_000;
/** What a power cut may cost. */
const saveEveryTicks = 10;
const maxGiven = 10_000;

/** What is the same for every edge, and the stage that it comes from. */
type CommonOrders = Omit<BudgetOrders, 'shares' | 'given'> & { readonly stage: string | undefined };

export class Bandwidth {
  readonly #options: BandwidthOptions;
  readonly #shares = new ClientShares();
  #given: GivenManifest[] = [];
  #configuration: BandwidthConfiguration;
  #ledger: Ledger;
  #reading: InterfaceReading | undefined;
  #orders: CommonOrders | undefined;
  #timer: Timer | undefined;
  #ticksSinceSave = saveEveryTicks;
  #isDirty = false;
  #saving: Promise<void> = Promise.resolve();
  #trouble: string | undefined;
  #isClosed = false;

  constructor(options: BandwidthOptions) {
    this.#options = options;
    this.#configuration = options.configuration;
    this.#ledger = new Ledger(options.configuration, options.clock.now());
  }

  /** Goes on where the last process left off. Never rejects: a gate without a past serves as well. */
  async start(): Promise<void> {
    const { file, clock, logger } = this.#options;
    try {
      const found = await readBudgetFile(file);
      if (found.kind === 'damaged') {
        logger.error('the bandwidth ledger is damaged, counting begins anew', {
          file: found.asidePath,
        });
      }
      if (found.kind === 'kept') {
        this.#ledger = new Ledger(this.#configuration, clock.now(), found.budget.ledger);
        this.#reading = found.budget.reading;
      }
    } catch (error) {
      this.#troubled('cannot read the bandwidth ledger', error);
    }
    await this.#tick();
  }

  /** What an edge has sent since it last told. */
  take(edge: string, { deltas, given, open }: UsageReport): void {
    for (const delta of deltas) this.#ledger.add(delta);
    this.#isDirty ||= deltas.length > 0;
    this.#given = [...this.#given, ...given].slice(-maxGiven);
    if (open === undefined) return;
    this.#shares.set(edge, open);
    this.#send();
  }

  edgeGone(edge: string): void {
    this.#shares.forget(edge);
  }

  configure(configuration: BandwidthConfiguration): void {
    if (configuration.interface !== this.#configuration.interface) this.#reading = undefined;
    this.#configuration = configuration;
    this.#order();
  }

  status(): BandwidthStatus {
    const ledger = this.#ledger;
    return bandwidthStatus(this.#configuration, ledger, this.#assess());
  }

  /** What each client has been sent this month. */
  clients(): Readonly<Record<string, number>> {
    return this.#ledger.clients.record().sums;
  }

  /** Keeps what was counted last. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#saving;
    if (this.#isDirty) await this.#save();
  }

  async #tick(): Promise<void> {
    await this.#readInterface();
    this.#turn();
    this.#order();
    this.#ticksSinceSave += 1;
    if (this.#isDirty && this.#ticksSinceSave >= saveEveryTicks) {
      this.#ticksSinceSave = 0;
      this.#saving = this.#save();
      await this.#saving;
    }
    if (!this.#isClosed) {
      this.#timer = this.#options.clock.after(tickMs, () => void this.#tick());
    }
  }

  async #readInterface(): Promise<void> {
    const { interface: name } = this.#configuration;
    if (name === undefined) return;
    try {
      const reading = await readInterface(name);
      const sent = this.#reading === undefined ? 0 : sentBetween(this.#reading, reading);
      this.#isDirty ||= sent > 0 || this.#reading === undefined;
      this.#ledger.addInterface(sent);
      this.#reading = reading;
    } catch (error) {
      this.#troubled(`cannot read the counter of interface ${name}`, error);
    }
  }

  #turn(): void {
    const { clock, logger } = this.#options;
    const { usedBytes } = this;
    if (!this.#ledger.turn(this.#configuration, clock.now())) return;
    this.#isDirty = true;
    logger.info('a new month of bandwidth begins', { usedBytes });
  }

  /** What counts against the budget. */
  get usedBytes(): number {
    return this.#configuration.interface === undefined
      ? this.#ledger.sentBytes
      : this.#ledger.interfaceBytes;
  }

  #assess(): Assessment {
    const { period } = this.#ledger;
    const now = this.#options.clock.now();
    return assess(this.#configuration, this.usedBytes, { period, now });
  }

  #order(): void {
    const { edges, logger } = this.#options;
    const { perClientBytesPerSecond, perClientMonthlyBytes, graceMs } = this.#configuration;
    const { mode, totalBytesPerSecond, stage, share, forecastBytes } = this.#assess();
    const orders: CommonOrders = {
      mode,
      graceMs,
      totalBytesPerSecond: totalBytesPerSecond && totalBytesPerSecond / edges,
      clientBytesPerSecond: perClientBytesPerSecond,
      standardShare: 1 / edges,
      spentClients: this.#spentClients(perClientMonthlyBytes),
      resetAtMs: this.#ledger.period.end.getTime(),
      stage: stage && `${stage.share} ${stage.action}`,
    };
    if (isDeepStrictEqual(orders, this.#orders)) return;
    if (orders.stage !== this.#orders?.stage && stage !== undefined) {
      const { action } = stage;
      logger.warn('a stage of the bandwidth budget is reached', { action, share, forecastBytes });
    }
    this.#orders = orders;
    this.#send();
  }

  #spentClients(quotaBytes: number | undefined): Set<string> {
    const { clients } = this.#ledger;
    if (quotaBytes === undefined) return new Set();
    return new Set([...clients.keys].filter((client) => clients.get(client) >= quotaBytes));
  }

  #send(): void {
    if (this.#orders === undefined) return;
    const { edges, clock, onOrders } = this.#options;
    const { mode, spentClients, graceMs } = this.#orders;
    const since = clock.now().getTime() - graceMs;
    this.#given = this.#given.filter(({ atMs }) => atMs >= since);
    const refusesSome = mode !== 'open' || spentClients.size > 0;
    onOrders({
      orders: { ...this.#orders, given: refusesSome ? this.#given : [], shares: new Map() },
      shares: edges === 1 ? new Map() : this.#shares.all(),
    });
  }

  async #save(): Promise<void> {
    this.#isDirty = false;
    try {
      const budget = { ledger: this.#ledger.record(), reading: this.#reading };
      await writeBudgetFile(this.#options.file, budget);
      this.#trouble = undefined;
    } catch (error) {
      this.#isDirty = true;
      this.#troubled('cannot keep the bandwidth ledger', error);
    }
  }

  /** Logged once, not every second. */
  #troubled(what: string, error: unknown): void {
    if (this.#trouble === what) return;
    this.#trouble = what;
    this.#options.logger.error(what, errorFields(error));
  }
}
