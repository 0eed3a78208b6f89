/**
 * The edges and workers of a running gate. Keeps what each kind is to know, so that a process that
 * was started again is told the same as its predecessor.
 */
import { extname, join } from 'node:path';
import type { UsageReport } from '../budget/usage.ts';
import type { ClientSighting } from '../ca/client-sightings.ts';
import type { CacheConfiguration, LogConfiguration } from '../config/configuration.ts';
import type { BoundAddress } from '../edge/addresses.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import type { EdgeChallenge } from '../edge/challenges.ts';
import type { ActivityReport } from './activity-batch.ts';
import { chooseWorker } from '../net/worker-choice.ts';
import { Child } from './child.ts';
import type { Answers, ProcessMetrics } from './metrics-collector.ts';
import type {
  CommonQuestions,
  EdgeQuestions,
  EdgeReport,
  EdgeRequest,
  EdgeStatus,
  EdgeUpdate,
  Failure,
  SiteKey,
  WorkerQuestions,
  WorkerReport,
  WorkerRequest,
  WorkerStatus,
  WorkerUpdate,
} from './messages.ts';
import { StartError } from './start-error.ts';
import { survey } from './survey.ts';

export interface FleetOptions {
  readonly edges: number;
  /** Socket path of each worker. */
  readonly workers: readonly string[];
  readonly cache: CacheConfiguration;
  readonly version: string;
  readonly log: LogConfiguration;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told about once a second what an edge has served. */
  readonly onActivity: (activity: ActivityReport) => void;
  /** Told what an edge has sent. */
  readonly onUsage: (edge: string, usage: UsageReport) => void;
  /** Told that an edge and its connections are gone. */
  readonly onEdgeGone: (edge: string) => void;
  /** How clients were seen to take the certificates of the private CA. */
  readonly onSightings: (sightings: readonly ClientSighting[]) => void;
}

export type EdgeKnowledge = Omit<EdgeUpdate, 'kind'>;
export type WorkerKnowledge = Omit<WorkerUpdate, 'kind'>;

/** For a question that is answered from memory. */
const answerDeadlineMs = 5_000;

/** Well within the ten seconds that Prometheus gives a scrape. */
const surveyDeadlineMs = 3_000;

export class Fleet {
  readonly #options: FleetOptions;
  readonly #edges: Child<EdgeRequest, EdgeReport, EdgeQuestions>[] = [];
  readonly #workers: Child<WorkerRequest, WorkerReport, WorkerQuestions>[] = [];
  readonly #certificates = new Map<string, SiteKey>();
  readonly #challenges = new Set<EdgeChallenge>();
  #knowledge: EdgeKnowledge = {};
  #workerKnowledge: WorkerKnowledge = { mirrors: [], upstreamBytesPerSecond: undefined };

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  /**
   * Starts every process. Resolves with the addresses that the edges listen on.
   * @throws StartError with all that keeps a process from serving
   */
  async start(
    workerKnowledge: WorkerKnowledge,
    knowledge: EdgeKnowledge,
  ): Promise<readonly BoundAddress[]> {
    this.#workerKnowledge = workerKnowledge;
    this.#remember(knowledge);
    const { workers, edges } = this.#options;
    const begun = [
      ...workers.map((socketPath, index) => this.#startWorker(index + 1, socketPath)),
      ...Array.from({ length: edges }, (_, index) => this.#startEdge(index + 1)),
    ];
    const addresses = await Promise.all(begun);
    return addresses.at(-1) ?? [];
  }

  /** Tells every edge what changed. */
  updateEdges(knowledge: EdgeKnowledge): void {
    this.#remember(knowledge);
    for (const edge of this.#edges) edge.send({ kind: 'update', ...knowledge });
  }

  /**
   * Resolves when every edge shows it, and until it is withdrawn so does every heir of one.
   * @throws MirrorgateError `MIRRORGATE_APP_NO_ANSWER` while an edge is away
   */
  async presentChallenge(challenge: EdgeChallenge): Promise<void> {
    this.#challenges.add(challenge);
    await this.askEdges('present', challenge);
  }

  /** As {@link presentChallenge}. */
  async withdrawChallenge(challenge: EdgeChallenge): Promise<void> {
    this.#challenges.delete(challenge);
    await this.askEdges('withdraw', challenge);
  }

  updateWorkers(knowledge: WorkerKnowledge): void {
    this.#workerKnowledge = knowledge;
    for (const worker of this.#workers) worker.send({ kind: 'update', ...knowledge });
  }

  /** Asks every edge. @throws MirrorgateError as {@link Child.ask} of the first that fails */
  askEdges<Name extends keyof EdgeQuestions>(
    name: Name,
    detail: EdgeQuestions[Name]['detail'],
    deadlineMs = answerDeadlineMs,
  ): Promise<EdgeQuestions[Name]['answer'][]> {
    return Promise.all(this.#edges.map((edge) => edge.ask(name, detail, deadlineMs)));
  }

  /** Asks every worker. @throws MirrorgateError as {@link Child.ask} of the first that fails */
  askWorkers<Name extends keyof WorkerQuestions>(
    name: Name,
    detail: WorkerQuestions[Name]['detail'],
    deadlineMs = answerDeadlineMs,
  ): Promise<WorkerQuestions[Name]['answer'][]> {
    return Promise.all(this.#workers.map((worker) => worker.ask(name, detail, deadlineMs)));
  }

  /** Asks the worker that owns `key` (lib/net/worker-choice.ts). */
  askOwner<Name extends keyof WorkerQuestions>(
    key: string,
    question: { readonly name: Name; readonly detail: WorkerQuestions[Name]['detail'] },
    deadlineMs: number,
  ): Promise<WorkerQuestions[Name]['answer']> {
    const owner = this.#workers[chooseWorker(key, this.#workers.length)];
    if (owner === undefined) throw new TypeError('a gate without workers');
    return owner.ask(question.name, question.detail, deadlineMs);
  }

  /** What each process counted; one that is away or busy keeps nobody from hearing the others. */
  async metrics(): Promise<Answers> {
    const asked = (child: Child<never, never, CommonQuestions>): Promise<ProcessMetrics> =>
      child.ask('metrics', undefined, surveyDeadlineMs);
    const [edges, workers] = await Promise.all([
      survey(this.#edges, asked),
      survey(this.#workers, asked),
    ]);
    return new Map([...edges, ...workers]);
  }

  /** How each process is; undefined where it did not say in time. */
  async statuses(): Promise<{
    readonly edges: ReadonlyMap<string, EdgeStatus | undefined>;
    readonly workers: ReadonlyMap<string, WorkerStatus | undefined>;
  }> {
    const [edges, workers] = await Promise.all([
      survey(this.#edges, (edge) => edge.ask('status', undefined, surveyDeadlineMs)),
      survey(this.#workers, (worker) => worker.ask('status', undefined, surveyDeadlineMs)),
    ]);
    return { edges, workers };
  }

  /** Lets answers in flight end within `graceMs`: edges first, then the workers behind them. */
  async close(graceMs: number): Promise<void> {
    const margin = graceMs + 2_000;
    await Promise.all(this.#edges.map((edge) => edge.end({ kind: 'drain', graceMs }, margin)));
    const rest = { kind: 'drain', graceMs: 2_000 } as const;
    await Promise.all(this.#workers.map((worker) => worker.end(rest, 4_000)));
  }

  #remember(knowledge: EdgeKnowledge): void {
    this.#knowledge = { ...this.#knowledge, ...knowledge };
    for (const key of knowledge.certificates ?? []) this.#certificates.set(key.site, key);
    const sites = new Set(this.#knowledge.settings?.sites.map(({ name }) => name));
    for (const site of this.#certificates.keys()) {
      if (!sites.has(site)) this.#certificates.delete(site);
    }
  }

  #startEdge(number: number): Promise<readonly BoundAddress[]> {
    const { log, clock, logger } = this.#options;
    const begun = Promise.withResolvers<readonly BoundAddress[]>();
    let isServing = false;
    const edge = new Child<EdgeRequest, EdgeReport, EdgeQuestions>({
      entry: entryPath('edge-process'),
      identity: { name: `edge-${number}`, log },
      clock,
      logger,
      onDeath: () => {
        this.#options.onEdgeGone(`edge-${number}`);
        begun.reject(new StartError([diedAtStart(`edge-${number}`)]));
      },
      onReport: (report) => {
        if (report.kind === 'started') {
          const certificates = [...this.#certificates.values()];
          const challenges = [...this.#challenges];
          edge.send({ kind: 'update', ...this.#knowledge, certificates, challenges });
          return;
        }
        if (report.kind === 'activity') {
          this.#options.onActivity(report.activity);
          return;
        }
        if (report.kind === 'usage') {
          this.#options.onUsage(edge.name, report.usage);
          return;
        }
        if (report.kind === 'sightings') {
          this.#options.onSightings(report.sightings);
          return;
        }
        const { failures, addresses } = report;
        if (failures.length === 0) begun.resolve(addresses);
        else begun.reject(new StartError(failures));
        if (isServing) for (const failure of failures) this.#logFailure(`edge-${number}`, failure);
        isServing = true;
      },
    });
    this.#edges.push(edge);
    edge.start();
    return begun.promise;
  }

  #startWorker(number: number, socketPath: string): Promise<readonly BoundAddress[]> {
    const { log, clock, logger, cache, version } = this.#options;
    const begun = Promise.withResolvers<readonly BoundAddress[]>();
    let isServing = false;
    const worker = new Child<WorkerRequest, WorkerReport, WorkerQuestions>({
      entry: entryPath('worker-process'),
      identity: { name: `worker-${number}`, log },
      clock,
      logger,
      onDeath: () => begun.reject(new StartError([diedAtStart(`worker-${number}`)])),
      onReport: (report) => {
        switch (report.kind) {
          case 'started':
            worker.send({
              kind: 'setup',
              socketPath,
              cache,
              index: number - 1,
              workers: this.#options.workers.length,
              version,
            });
            worker.send({ kind: 'update', ...this.#workerKnowledge });
            return;
          case 'ready':
            isServing = true;
            begun.resolve([]);
            return;
          case 'failed':
            if (isServing) this.#logFailure(`worker-${number}`, report.failure);
            begun.reject(new StartError([report.failure]));
        }
      },
    });
    this.#workers.push(worker);
    worker.start();
    return begun.promise;
  }

  #logFailure(child: string, { message: error, ...facts }: Failure): void {
    this.#options.logger.error('process in trouble', { child, error, ...facts });
  }
}

/** Beside this file, whether it runs from its source or built. */
function entryPath(name: string): string {
  return join(import.meta.dirname, `${name}${extname(import.meta.filename)}`);
}

function diedAtStart(name: string): Failure {
  return {
    code: 'MIRRORGATE_APP_PROCESS',
    message: `${name} ended while it was starting`,
    hint: 'the log above says why',
  };
}
