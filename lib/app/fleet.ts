/**
 * The edges and workers of a running gate. Keeps what each kind is to know, so that a process that
 * was started again is told the same as its predecessor.
 */
import type { BoundAddress } from '../edge/addresses.ts';
import type { EdgeChallenge } from '../edge/challenges.ts';
import { chooseWorker } from '../net/worker-choice.ts';
import type { Child } from './child.ts';
import { EdgeBriefing, type EdgeKnowledge } from './edge-briefing.ts';
import {
  startEdge,
  startWorker,
  type EdgeChild,
  type FleetOptions,
  type WorkerChild,
  type WorkerKnowledge,
} from './fleet-members.ts';
import type { Answers, ProcessMetrics } from './metrics-collector.ts';
import type {
  CommonQuestions,
  EdgeQuestions,
  EdgeStatus,
  WorkerQuestions,
  WorkerStatus,
} from './messages.ts';
import { survey } from './survey.ts';

/** For a question that is answered from memory. */
const answerDeadlineMs = 5_000;

/** Well within the ten seconds that Prometheus gives a scrape. */
const surveyDeadlineMs = 3_000;

export class Fleet {
  readonly #options: FleetOptions;
  readonly #edges: EdgeChild[] = [];
  readonly #workers: WorkerChild[] = [];
  readonly #briefing = new EdgeBriefing();
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
    this.#briefing.add(knowledge);
    const { workers, edges } = this.#options;
    const startedWorkers = workers.map((socketPath, index) =>
      startWorker({ index, socketPath }, this.#options, () => this.#workerKnowledge),
    );
    const startedEdges = Array.from({ length: edges }, (_, index) =>
      startEdge(`edge-${index + 1}`, this.#options, this.#briefing),
    );
    this.#workers.push(...startedWorkers.map(({ child }) => child));
    this.#edges.push(...startedEdges.map(({ child }) => child));
    const [addresses] = await Promise.all([
      Promise.all(startedEdges.map(({ serving }) => serving)),
      Promise.all(startedWorkers.map(({ serving }) => serving)),
    ]);
    return addresses.at(-1) ?? [];
  }

  /** Tells every edge what changed. */
  updateEdges(knowledge: EdgeKnowledge): void {
    this.#briefing.add(knowledge);
    for (const edge of this.#edges) edge.send({ kind: 'update', ...knowledge });
  }

  /**
   * Resolves when every edge shows it, and until it is withdrawn so does every heir of one.
   * @throws MirrorgateError `MIRRORGATE_APP_NO_ANSWER` while an edge is away
   */
  async presentChallenge(challenge: EdgeChallenge): Promise<void> {
    this.#briefing.present(challenge);
    await this.askEdges('present', challenge);
  }

  /** As {@link presentChallenge}. */
  async withdrawChallenge(challenge: EdgeChallenge): Promise<void> {
    this.#briefing.withdraw(challenge);
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
}
