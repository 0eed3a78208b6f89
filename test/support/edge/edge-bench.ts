/** An edge in this process on real sockets, with certificates, workers and a clock of its own. */
import { Edge } from '../../../lib/edge/edge.ts';
import type { ListenFailure } from '../../../lib/edge/open-addresses.ts';
import { standardLimits } from '../../../lib/config/limits-schema.ts';
import { limitsOf, type Limits } from '../../../lib/edge/limits.ts';
import type { EdgeSettings } from '../../../lib/edge/settings.ts';
import type { UsageReport } from '../../../lib/budget/usage.ts';
import type { AllowList } from '../../../lib/access/allow-list.ts';
import type { CertifiedKey } from '../../../lib/certificates/issuer.ts';
import type { Logger } from '../../../lib/telemetry/logger.ts';
import { TemporaryDirectory } from '../lab/temporary-directory.ts';
import { ManualClock } from '../manual-clock.ts';
import { recordedLog } from '../recorded-log.ts';
import { testCertifiedKey, testRoot } from '../test-certificates.ts';
import { FakeWorker } from './fake-worker.ts';
import { allowed, listOf } from './test-allow-list.ts';
import { testSettings } from './test-settings.ts';

export interface EdgeBenchOptions {
  readonly settings?: Partial<EdgeSettings>;
  readonly limits?: Partial<Limits>;
  /** All of 127.0.0.0/8 unless told. */
  readonly allowList?: AllowList;
  /** One unless told. */
  readonly workers?: number;
  readonly logger?: Logger;
}

const root = testRoot({ permitted: ['example.test', '127.0.0.0/8'], now: new Date() });

/** The root that every bench's certificates come from. */
export const benchRootPem = root.certificate.toString();

/** A certificate under {@link benchRootPem}; each has a key of its own. */
export function benchCertificate(names: readonly string[]): CertifiedKey {
  return testCertifiedKey(names, { root, now: new Date() });
}

export class EdgeBench {
  readonly edge: Edge;
  readonly clock = new ManualClock(new Date());
  readonly log = recordedLog();
  /** What the edge reported of its traffic. */
  readonly usage: UsageReport[] = [];
  readonly workers: readonly FakeWorker[];
  readonly #directory: TemporaryDirectory;
  #settings: EdgeSettings;

  private constructor(directory: TemporaryDirectory, options: EdgeBenchOptions) {
    this.#directory = directory;
    this.workers = Array.from(
      { length: options.workers ?? 1 },
      (_, index) => new FakeWorker(directory.join(`worker-${index + 1}.sock`)),
    );
    const workers = this.workers.map(({ path }) => path);
    this.#settings = testSettings({ workers, ...options.settings });
    this.edge = new Edge({
      clock: this.clock,
      logger: options.logger ?? this.log,
      limits: { ...limitsOf(standardLimits), ...options.limits },
      onUsage: (report) => this.usage.push(report),
    });
  }

  static async start(options: EdgeBenchOptions = {}): Promise<EdgeBench> {
    const bench = await EdgeBench.prepared(options);
    const [failure] = await bench.configure({});
    if (failure !== undefined) throw failure.error;
    return bench;
  }

  /** Ready to be configured, nothing open yet. */
  static async prepared(options: EdgeBenchOptions = {}): Promise<EdgeBench> {
    const bench = new EdgeBench(await TemporaryDirectory.create('edge'), options);
    await Promise.all(bench.workers.map((worker) => worker.start()));
    bench.edge.setAllowList(options.allowList ?? listOf([allowed('127.0.0.0/8')]));
    return bench;
  }

  get settings(): EdgeSettings {
    return this.#settings;
  }

  /** The first worker. */
  get worker(): FakeWorker {
    const [worker] = this.workers;
    if (worker === undefined) throw new TypeError('a bench without workers');
    return worker;
  }

  /** Port of the first https address. */
  get port(): number {
    return this.#port(true);
  }

  /** Port of the first plain http address. */
  get httpPort(): number {
    return this.#port(false);
  }

  /** Changes some settings while the edge runs. */
  async configure(settings: Partial<EdgeSettings>): Promise<ListenFailure[]> {
    this.#settings = { ...this.#settings, ...settings };
    this.#certify();
    return await this.edge.configure(this.#settings);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await this.edge.close(0);
    await Promise.all(this.workers.map((worker) => worker.kill()));
    await this.#directory.close();
  }

  #port(secure: boolean): number {
    const address = this.edge.addresses.find((candidate) => candidate.secure === secure);
    if (address === undefined) throw new TypeError('a bench without such an address');
    return address.port;
  }

  #certify(): void {
    for (const { name, hosts } of this.#settings.sites) {
      this.edge.setCertificate(name, benchCertificate(hosts));
    }
  }
}
